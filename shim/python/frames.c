/* frames.c — walks Python frames. Rules: frames.h; where things are: layout.h. */
#include "shim/python/frames.h"

#include <string.h>

#include "shim/nodes.h"
#include "shim/platform/os.h"
#include "shim/python/codes.h"
#include "shim/python/interpreter.h"

#define FIELD(type, object, offset) (*(const type *)((object) + (uintptr_t)(offset)))

#define EPOCH_NONE  UINT32_MAX
#define NOT_STARTED NODE_PYTHON_OFFSET_MASK /* the offset of a frame that has not run an instruction yet */

INLINE uintptr_t first_frame(const struct python_layout l, uintptr_t thread_state) {
    if (l.thread_cframe < 0)
        return FIELD(uintptr_t, thread_state, l.thread_frame);
    uintptr_t cframe = FIELD(uintptr_t, thread_state, l.thread_cframe);
    return cframe ? FIELD(uintptr_t, cframe, l.cframe_frame) : 0;
}

/* From 3.12 on a frame on the C stack stands for each call of the interpreter from C. */
INLINE uintptr_t skip_c_frames(const struct python_layout l, uintptr_t frame) {
    while (frame && FIELD(char, frame, l.frame_owner) == PYTHON_OWNER_C_STACK)
        frame = FIELD(uintptr_t, frame, l.frame_back);
    return frame;
}

INLINE uintptr_t read_instruction(const struct python_layout l, uintptr_t frame) {
    return l.minor <= 10 ? FIELD(uint32_t, frame, l.frame_instruction)
                         : FIELD(uintptr_t, frame, l.frame_instruction);
}

INLINE struct python_frame read_frame(const struct python_layout l, uintptr_t frame) {
    struct python_frame f = {.frame = frame,
                             .instruction = read_instruction(l, frame),
                             .back = FIELD(uintptr_t, frame, l.frame_back),
                             .code = FIELD(uintptr_t, frame, l.frame_code)};
    f.next = l.minor >= 12 ? skip_c_frames(l, f.back) : f.back;
    f.from_c = l.minor <= 10 ? 1 : l.minor == 11 ? FIELD(uint8_t, frame, l.frame_is_entry) : f.next != f.back;
    return f;
}

/* Is the frame at this address still what is remembered of it? From 3.11 on the instruction says which code
 * it is part of: where a code object died, nothing is remembered. A frame on the C stack never becomes an
 * ordinary one, nor the other way round. */
INLINE bool holds(const struct python_layout l, const struct python_frame *f) {
    uintptr_t differs = (read_instruction(l, f->frame) ^ f->instruction) |
                        (FIELD(uintptr_t, f->frame, l.frame_back) ^ f->back);
    if (l.minor <= 10)
        differs |= FIELD(uintptr_t, f->frame, l.frame_code) ^ f->code;
    if (l.minor == 11)
        differs |= FIELD(uint8_t, f->frame, l.frame_is_entry) ^ f->from_c;
    if (l.minor >= 12 && f->from_c && likely(!differs))
        differs = skip_c_frames(l, f->back) ^ f->next;
    return !differs;
}

INLINE uint16_t *index_of(struct python_frames *p, uintptr_t frame) {
    return &p->index[(frame >> 4 ^ frame >> 16) % PYTHON_FRAME_INDEX];
}

INLINE uint64_t pc_of(const struct python_layout l, uint32_t code_id, const struct python_frame *f) {
    uint64_t offset, entry = NODE_PYTHON_ENTRY;
    if (l.minor <= 10) {
        int32_t index = (int32_t)f->instruction;
        offset = index < 0 ? NOT_STARTED : (uint64_t)index * (l.minor == 10 ? 2 : 1);
    } else {
        uintptr_t start = f->code + (uintptr_t)l.code_instructions, at = f->instruction;
        offset = at < start || at - start > NOT_STARTED ? NOT_STARTED : at - start;
        entry = f->from_c ? NODE_PYTHON_ENTRY : 0;
    }
    return NODE_PC_PYTHON | (uint64_t)code_id << 32 | entry | offset;
}

static NOINLINE uint32_t find_child(const struct python_layout *l, struct thread *t,
                                    struct python_child *child, uint32_t parent,
                                    const struct python_frame *f) {
    bool kept = true;
    uint32_t id = codes_id(t, f->code, &kept);
    uint32_t node = id == CODES_NOT_CODE ? parent : nodes_child(parent, pc_of(*l, id, f));
    if (unlikely(!kept)) {
        t->python->epoch = EPOCH_NONE; /* the next walk begins anew */
        return node;
    }
    child->node = 0; /* a signal handler may leave for good in the middle */
    signal_fence();
    child->code = f->code;
    child->instruction = f->instruction << 1 | f->from_c;
    child->parent = parent;
    signal_fence();
    child->node = node;
    return node;
}

INLINE uint32_t child_of(const struct python_layout *l, struct thread *t, uint32_t parent,
                         const struct python_frame *f) {
    uintptr_t instruction = f->instruction << 1 | f->from_c;
    uint64_t hash = (instruction ^ f->code >> 3 ^ (uint64_t)parent << 32) * UINT64_C(0x9e3779b97f4a7c15);
    struct python_child *child = &t->python->children[hash >> 52];
    _Static_assert(PYTHON_CHILDREN == 1 << 12, "the hash gives 12 bits");
    if (likely(child->instruction == instruction && child->code == f->code && child->parent == parent &&
               child->node))
        return child->node;
    return find_child(l, t, child, parent, f);
}

/* Puts the fresh frames on top of the kept ones. */
INLINE uint32_t commit(const struct python_layout *l, struct thread *t, uint32_t kept, uint32_t fresh,
                       bool cut) {
    struct python_frames *p = t->python;
    uint32_t n = kept, node = kept ? p->at[kept - 1].node : cut ? STACK_TRUNCATED : STACK_NONE;
    p->count = kept;
    signal_fence();
    while (fresh-- > 0) {
        struct python_frame *f = &p->at[n];
        *f = p->fresh[fresh];
        node = f->node = child_of(l, t, node, f);
        *index_of(p, f->frame) = (uint16_t)n++;
    }
    p->cut = cut;
    signal_fence();
    p->count = n;
    return node;
}

/* Goes outwards from `frame` to the first remembered one from which on all hold; those before it are fresh.
 * Gives the number of remembered frames outside of them. */
INLINE uint32_t meet(const struct python_layout l, struct python_frames *p, uintptr_t frame,
                     uint32_t *fresh_count) {
    uint32_t comparable = p->count, fresh = 0, kept = 0;
    while (frame && fresh < PYTHON_FRAMES) {
        uint32_t j = *index_of(p, frame);
        if (j >= comparable || p->at[j].frame != frame || !holds(l, &p->at[j])) {
            p->fresh[fresh] = read_frame(l, frame);
            frame = p->fresh[fresh++].next;
            continue;
        }
        int32_t i = (int32_t)j - 1; /* its address was the `next` of a frame that holds: it is a frame */
        while (i >= 0 && likely(holds(l, &p->at[i])))
            i--;
        if (likely(i < 0)) {
            kept = j + 1;
            break;
        }
        for (int32_t k = (int32_t)j; k > i && fresh < PYTHON_FRAMES; k--)
            p->fresh[fresh++] = p->at[k];
        comparable = (uint32_t)i; /* the frame at i is another one, or went on */
        frame = p->at[i].frame;
    }
    *fresh_count = fresh;
    return kept;
}

static NOINLINE uint32_t read_afresh(const struct python_layout *l, struct python_frames *p,
                                     uintptr_t frame) {
    uint32_t fresh = 0;
    for (p->count = 0; frame && fresh < PYTHON_FRAMES; frame = p->fresh[fresh++].next)
        p->fresh[fresh] = read_frame(*l, frame);
    return fresh;
}

INLINE uint32_t walk(const struct python_layout l, struct thread *t, uintptr_t thread_state) {
    struct python_frames *p = t->python;
    uintptr_t frame = first_frame(l, thread_state);
    if (l.minor >= 12)
        frame = skip_c_frames(l, frame);
    uint32_t fresh, kept = meet(l, p, frame, &fresh), n = kept + fresh;
    bool cut = kept && p->cut;
    if (unlikely(cut ? n < PYTHON_CUT_FEWEST || n > PYTHON_CUT_MOST : n >= PYTHON_FRAMES)) {
        kept = 0;
        fresh = read_afresh(&l, p, frame);
        cut = fresh == PYTHON_FRAMES;
        if (cut)
            fresh = PYTHON_CUT;
    }
    return kept + fresh ? commit(&l, t, kept, fresh, cut) : STACK_NONE;
}

uint32_t python_frames_node(struct thread *t, void *thread_state) {
    static const struct python_layout v8 = PYTHON_3_8, v10 = PYTHON_3_10, v11 = PYTHON_3_11,
                                      v12 = PYTHON_3_12, v13 = PYTHON_3_13;
    struct python_frames *p = t->python;
    if (unlikely(!p)) {
        p = t->python = os_map_private(sizeof *p);
        if (!p)
            return STACK_NONE;
    }
    uint32_t epoch = codes_epoch();
    if (unlikely(epoch != p->epoch)) {
        p->count = 0;
        memset(p->children, 0, sizeof p->children);
        p->epoch = epoch;
    }
    uintptr_t state = (uintptr_t)thread_state;
    switch (python.minor) {
    case 8:
    case 9: /* as 3.8 in all that is read here */
        return walk(v8, t, state);
    case 10:
        return walk(v10, t, state);
    case 11:
        return walk(v11, t, state);
    case 12:
        return walk(v12, t, state);
    default:
        return walk(v13, t, state);
    }
}
