/* walk.c — walks a stack frame by frame. Rules of a step: x86_64.h. */
#include "shim/unwind/walk.h"

#include "proto/segment.h"
#include "shim/unwind/full.h"

/* A walk goes by rules until a frame needs more registers than those have, and by all registers from there.
 */
struct walk {
    struct registers at;
    bool exact; /* at.pc was interrupted: it is no return address */
    bool by_full;
    struct full full;
};

static NOINLINE enum step step_by_full(struct walk *w, struct readable *range) {
    if (!w->by_full && !full_find(&w->full, &w->at, range))
        return STEP_CUT;
    w->by_full = true;
    enum step step = full_step(&w->full, range);
    w->at = full_registers(&w->full);
    return step;
}

INLINE enum step walk_step(struct walk *w, struct readable *range) {
    enum step step = STEP_BEYOND;
    if (likely(!w->by_full)) {
        struct registers r = w->at;
        step = unwind_step(rules_get(r.pc + w->exact), &r, range);
        w->at = r;
    }
    if (unlikely(step == STEP_BEYOND))
        step = step_by_full(w, range);
    w->exact = step == STEP_INTERRUPTED;
    /* No address of code: the outer frames were written over, as those of a greenlet are that waits. */
    return likely(!(w->at.pc >> RULES_KEY_BITS)) ? step : STEP_CUT;
}

INLINE bool goes_on(enum step step) {
    return step == STEP_CALLED || step == STEP_INTERRUPTED;
}

INLINE void walk_begin(struct walk *w, const struct caller *caller) {
    w->at = caller_registers(caller);
    w->exact = false;
    w->by_full = false;
}

INLINE uint64_t pc_of(const struct walk *w) {
    return w->at.pc | (w->exact ? NODE_PC_EXACT : 0);
}

/* Beyond the leaf side a walk goes on to the root, of which the last frames are kept in a circle. */
static NOINLINE void walk_to_root(struct walk *w, struct readable *range, struct frames *out) {
    uint64_t circle[WALK_ROOT_FRAMES];
    uint32_t seen = 0;
    enum step step;
    out->truncated = true;
    do {
        circle[seen++ % WALK_ROOT_FRAMES] = pc_of(w);
        step = walk_step(w, range);
    } while (goes_on(step) && seen < WALK_LIMIT);
    if (seen > WALK_ROOT_FRAMES)
        out->pc[out->count++] = NODE_PC_OMITTED;
    uint32_t kept = seen < WALK_ROOT_FRAMES ? seen : WALK_ROOT_FRAMES;
    for (uint32_t i = seen - kept; i < seen; i++)
        out->pc[out->count++] = circle[i % WALK_ROOT_FRAMES];
    if (seen <= WALK_ROOT_FRAMES && step == STEP_END)
        out->truncated = false; /* nothing was left out after all */
}

void walk_stack(const struct caller *caller, struct readable *range, struct frames *out) {
    struct walk w;
    uint32_t count = 0;
    walk_begin(&w, caller);
    out->count = 0;
    out->truncated = true;
    if (unlikely(!readable_start(range, w.at.sp)))
        return;
    while (likely(count < WALK_LEAF_FRAMES)) {
        out->pc[count++] = pc_of(&w);
        enum step step = walk_step(&w, range);
        if (likely(goes_on(step)))
            continue;
        out->count = count;
        out->truncated = step != STEP_END;
        return;
    }
    out->count = count;
    walk_to_root(&w, range, out);
}

enum walk_relation walk_relate(const struct caller *caller, struct readable *range, uint64_t call) {
    struct walk w;
    bool handler = false;
    uintptr_t frame = call >> WALK_CALL_PC_BITS;
    walk_begin(&w, caller);
    if (w.at.sp == frame)
        return WALK_OUTSIDE; /* beside it: what it calls has its frames below */
    if (!readable_start(range, w.at.sp))
        return WALK_INSIDE;
    for (uint32_t i = 0; i < WALK_LIMIT; i++) {
        if (walk_call(w.at.sp, w.at.pc) == call && !w.exact)
            return handler ? WALK_HANDLER : WALK_INSIDE;
        uintptr_t below = w.at.sp;
        enum step step = walk_step(&w, range);
        if (step == STEP_INTERRUPTED)
            handler = true;
        else if (step == STEP_END)
            return WALK_OUTSIDE;
        else if (step != STEP_CALLED)
            /* The walk was cut: judge by the address. A deeper frame of the same stack may well be inside. */
            return below < frame ? (handler ? WALK_HANDLER : WALK_INSIDE) : WALK_OUTSIDE;
    }
    return WALK_OUTSIDE;
}
