/* remember.c — the verified incremental walk. Why it is exact: remember.h. */
#include "shim/unwind/remember.h"

#include "proto/segment.h"

static uintptr_t zero; /* what the sentinels' slots hold; their pc is 1 */

INLINE uint32_t index_of(uintptr_t sp) {
    return (sp >> 4) % FRAME_INDEX;
}

/* Is it the state of frame j, of `comparable` ones? One branch, for nobody can guess any of these: what
 * stands in the index is old, or of a frame that shares the entry. */
INLINE bool is_state(struct remembered *m, uint32_t j, uint32_t comparable, const struct registers *r) {
    const struct frame_slot *f = &remembered_frames(m)[j];
    if (!((j < comparable) & place_is(f->place, r) & (f->pc == r->pc)))
        return false;
    const struct frame_state *s = &m->state[j];
    return !(s->restore & FP_IS_LIVE) || s->fp == r->fp;
}

/* The innermost frame outside frame j of which something no longer holds; -1: all hold. In the order of the
 * walk: where the outer slots lie may follow from a saved slot. */
INLINE int32_t find_stale(struct remembered *m, uint32_t j) {
    const struct frame_slot *f = remembered_frames(m);
    int32_t i = (int32_t)j - 1, k = (int32_t)m->saved_count - 1;
    while (k >= 0 && m->saved[k].frame > j)
        k--;
    for (; k >= 0; k--) {
        /* Frame `frame` is to hold, and the step outwards from it to read the same. */
        int32_t frame = (int32_t)m->saved[k].frame;
        while (i >= frame && place_holds(f[i].place, f[i].pc))
            i--;
        if (i >= frame)
            return i;
        if (unlikely(*(const uintptr_t *)m->saved[k].slot != m->saved[k].value))
            return frame - 1;
    }
    while (place_holds(f[i].place, f[i].pc))
        i--;
    return i;
}

/* Frames j … stale + 1 hold. Passes all but the last of them, whose state goes to *r. The new count of
 * passed. */
static uint32_t pass_again(struct remembered *m, uint32_t j, int32_t stale, uint32_t passed,
                           struct registers *r) {
    const struct frame_slot *f = remembered_frames(m);
    uintptr_t fp = r->fp;
    int32_t last = stale + 1;
    for (int32_t k = (int32_t)j; k > last && passed < REMEMBERED_FRAMES; k--) {
        const struct frame_state *s = &m->state[k];
        struct registers at = place_registers(f[k].place, f[k].pc, fp);
        m->passed[passed++] =
            (struct passed_frame){.at = at, .restore = s->restore & ~FP_IS_LIVE, .holder = m->holder[k]};
        if (s->restore & ~SLOT_FLAGS)
            fp = *(const uintptr_t *)(s->restore & ~SLOT_FLAGS);
    }
    *r = place_registers(f[last].place, f[last].pc, fp);
    return passed;
}

/* Puts the passed frames on top of the kept ones, from the outermost inwards. */
INLINE void commit(struct remembered *m, uint32_t kept, uint32_t passed, struct stack_key seed) {
    struct frame_slot *f = remembered_frames(m);
    uint32_t saved = m->saved_count, n = kept;
    while (saved > 0 && m->saved[saved - 1].frame >= kept)
        saved--;
    /* A signal handler may leave for good in the middle of this: only what is complete counts. */
    m->count = kept;
    signal_fence();
    m->saved_count = saved;
    signal_fence();
    uintptr_t live = kept ? m->state[kept - 1].restore & FP_IS_LIVE : 0;
    uintptr_t outer_fp = kept ? m->state[kept - 1].fp : 0;
    struct stack_key key = kept ? m->state[kept - 1].key : seed;
    while (passed-- > 0) {
        const struct passed_frame *p = &m->passed[passed];
        uintptr_t restore = p->restore;
        f[n] = (struct frame_slot){place_at(&p->at), p->at.pc};
        m->index[index_of(p->at.sp)] = (uint16_t)n;
        if (unlikely(restore & HAS_HOLDER)) {
            m->holder[n] = p->holder;
            m->saved[saved++] = (struct saved_slot){p->holder, place_sp(f[n - 1].place), n};
        }
        /* Written always and kept where it must hold: that depends on the program, a branch would be wrong
         * half of the time. */
        uintptr_t slot = restore & ~SLOT_FLAGS;
        m->saved[saved] = (struct saved_slot){slot, outer_fp, n};
        saved += slot != 0 && live;
        live = (slot ? 0 : live) | (restore & USES_FP ? FP_IS_LIVE : 0);
        outer_fp = p->at.fp;
        key = key_extend(key, p->at.pc);
        m->state[n] = (struct frame_state){.fp = p->at.fp, .restore = restore | live, .key = key};
        m->node[n] = 0;
        n++;
    }
    signal_fence();
    m->saved_count = saved; /* before the frames that need it count */
    signal_fence();
    m->count = n;
}

/* Notes how the walk got from the leaf to frame kept - 1, for the next time. */
INLINE void note_path(struct remembered *m, const struct caller *caller, uint32_t kept, uint32_t passed) {
    const struct frame_slot *f = remembered_frames(m);
    uint32_t leaf = m->count - 1, k = m->saved_count, n = 0;
    while (k > 0 && m->saved[k - 1].frame >= kept)
        k--;
    if (!kept || passed + m->saved_count - k > PATH_READS)
        return;
    struct registers r = caller_registers(caller);
    struct path *p = &path_set_of(m->path_sets, &r)->way[m->turn++ % PATH_WAYS];
    p->leaf.pc = 0; /* a signal handler may leave for good in the middle */
    signal_fence();
    k = m->saved_count;
    for (uint32_t frame = leaf; frame >= kept; frame--) {
        for (; k > 0 && m->saved[k - 1].frame == frame; k--)
            p->read[n++] = (struct path_read){m->saved[k - 1].slot, m->saved[k - 1].value};
        uintptr_t slot = f[frame - 1].place.slot;
        p->call[leaf - frame] = (uint8_t)n;
        p->read[n++] = (struct path_read){slot, *(const uintptr_t *)slot};
    }
    p->leaf.sp = r.sp;
    p->leaf.fp = r.fp;
    p->leaf_needs_fp = (m->state[leaf].restore & FP_IS_LIVE) != 0;
    p->end = f[kept - 1].place;
    p->end_fp = m->state[kept - 1].fp;
    p->outer = m->state[kept - 1].key;
    p->key = m->state[leaf].key;
    p->stack = 0;
    p->join = (uint16_t)(kept - 1);
    p->frames = (uint8_t)passed;
    p->reads = (uint8_t)n;
    signal_fence();
    p->leaf.pc = r.pc;
}

/* Does the path lead from this leaf to frames that all hold? The key is compared before a slot is read: of a
 * former epoch, or another stack, nothing is known to be there. */
INLINE bool leads_on(struct remembered *m, const struct path *p, const struct registers *leaf) {
    if (!path_begins(p, leaf))
        return false;
    struct registers end = place_registers(p->end, path_pc(p, p->frames), p->end_fp);
    return key_is(m->state[p->join].key, p->outer) && is_state(m, p->join, m->count, &end) && path_holds(p) &&
           find_stale(m, p->join) < 0;
}

INLINE struct path *find_path(struct remembered *m, const struct registers *leaf) {
    struct path_set *set = path_set_of(m->path_sets, leaf);
    for (uint32_t i = 0; i < PATH_WAYS; i++)
        if (leads_on(m, &set->way[i], leaf))
            return &set->way[i];
    return NULL;
}

bool remember_walk(struct remembered *m, const struct caller *caller, struct readable *range,
                   struct stack_key seed) {
    struct registers r = caller_registers(caller);
    uint32_t comparable = m->count, kept = 0, passed = 0;
    if (unlikely(!m->sentinel_and_frame[SENTINELS - 1].pc))
        m->sentinel_and_frame[SENTINELS - 1] = (struct frame_slot){{.slot = (uintptr_t)&zero}, 1};
    if (unlikely(!readable_start(range, r.sp) || (r.sp <= m->too_deep && m->too_deep < range->high)))
        goto not_remembered;
    m->path = NULL;
    for (;;) {
        uint32_t j = m->index[index_of(r.sp)];
        bool known = is_state(m, j, comparable, &r);
        int32_t stale = known ? find_stale(m, j) : 0;
        if (known && stale < 0) {
            kept = j + 1;
            break;
        }
        if (!passed && (m->path = find_path(m, &r)))
            return true;
        if (known) {
            struct registers last = r;
            passed = pass_again(m, j, stale, passed, &last);
            r = last;
            comparable = (uint32_t)stale + 1;
        }
        if (unlikely(passed == REMEMBERED_FRAMES))
            goto too_deep;
        struct passed_frame *p = &m->passed[passed++];
        p->at = r;
        enum step step = unwind_step_noted(rules_get(r.pc), &r, range, &p->restore, &p->holder);
        if (likely(step == STEP_CALLED))
            continue;
        if (step == STEP_END)
            break;
        goto not_remembered;
    }
    if (unlikely(kept + passed > REMEMBERED_FRAMES))
        goto too_deep;
    if (passed) {
        commit(m, kept, passed, seed);
        note_path(m, caller, kept, passed);
    } else {
        m->count = kept;
    }
    return true;

too_deep:
    m->too_deep = caller_sp(caller);
not_remembered:
    remember_nothing(m);
    return false;
}

void remember_cut(const struct remembered *m, struct frames *out) {
    uint32_t count = remembered_count(m), n = 0;
    for (uint32_t i = 0; i < WALK_LEAF_FRAMES; i++)
        out->pc[n++] = remembered_pc(m, i);
    out->pc[n++] = NODE_PC_OMITTED;
    for (uint32_t i = count - WALK_ROOT_FRAMES; i < count; i++)
        out->pc[n++] = remembered_pc(m, i);
    out->count = n;
    out->truncated = true;
}
