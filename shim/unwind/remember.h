/* remember.h — the verified incremental walk: a thread's stack differs little from one allocation to the
 * next.
 *
 * A thread remembers the frames of its previous stack, each with the slot that its return address was read
 * from. A new walk goes by unwind rules from the innermost frame until it reaches a remembered state; then it
 * re-reads the slots of all outer frames, and where they hold what they held, the outer frames are the
 * remembered ones.
 *
 * Exact by induction. A state is (pc, sp, fp); the next outer state is a function of the state and of the
 * memory that its rule reads: the return address slot, the slot the frame pointer was saved in, and for a
 * realigned frame the slot that holds its CFA. Same state and same memory, same next state. Three things
 * follow:
 *   - every return address slot is read again and compared;
 *   - a saved frame pointer is compared where a frame further out needs it ("live"), for a stale value there
 *     would lead that frame astray;
 *   - fp is part of the state where it is live.
 * A slot is read only after all that the walk read before it held, so that it lies on the stack being walked;
 * else it may be of a stack that is gone. Nothing is changed in the program: no return address is patched.
 *
 * Frames that replace each other by turns are walked by rules once: path.h.
 *
 * Not remembered, and walked afresh each time (walk.h): stacks with a signal frame in them, stacks whose root
 * is not found, and stacks deeper than REMEMBERED_FRAMES.
 */
#ifndef MEMTRACE_SHIM_REMEMBER_H
#define MEMTRACE_SHIM_REMEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/unwind/path.h"
#include "shim/unwind/walk.h"

#define REMEMBERED_FRAMES 2048
#define FRAME_INDEX       1024 /* candidates by stack address */
#define SENTINELS         4    /* frames below the root that never verify: they end the loop */

/* Frames are numbered from the root: 0 is the outermost. */
struct remembered {
    uint32_t count;
    uint32_t saved_count;

    /* The sp of a stack that was too deep: those of the same stack that reach further are not tried. */
    uintptr_t too_deep;

    /* By which the current stack is known, NULL: it is the frames below. */
    struct path *path;

    _Alignas(64) struct frame_slot {
        struct place place; /* where its pc was read, and its sp */
        uintptr_t pc;
    } sentinel_and_frame[SENTINELS + REMEMBERED_FRAMES];

    struct frame_state {
        uintptr_t fp;
        uintptr_t restore;    /* where the step outwards read fp, with the flags below; 0: fp stays */
        struct stack_key key; /* of the frames from the root to this one */
    } state[REMEMBERED_FRAMES];

    /* Of the stack from the root to this frame, 0: not looked up yet. */
    uint32_t node[REMEMBERED_FRAMES];

    /* Where HAS_HOLDER is set: what the step outwards read its CFA from. */
    uintptr_t holder[REMEMBERED_FRAMES];

    /* Slots beside the return addresses that must hold, by rising frame. */
    struct saved_slot {
        uintptr_t slot;
        uintptr_t value;
        uint32_t frame;
    } saved[2 * REMEMBERED_FRAMES + 1];

    /* The walk under way, innermost first. */
    struct passed_frame {
        struct registers at;
        uintptr_t restore;
        uintptr_t holder;
    } passed[REMEMBERED_FRAMES];

    uint16_t index[FRAME_INDEX];

    uint32_t turn; /* whose way of a set is taken for the next path */
    struct path_set path_sets[1u << PATH_SETS_LOG2];
};

#define USES_FP    ((uintptr_t)1) /* the frame's CFA is found by fp */
#define FP_IS_LIVE ((uintptr_t)2) /* this frame or one further out needs its fp */
#define HAS_HOLDER ((uintptr_t)4)
#define SLOT_FLAGS ((uintptr_t)7)

/* Makes `m` hold the current stack. `seed` begins the keys. False: it is one of those not remembered; `m` is
 * then empty. The memory must be zero before its first use. */
bool remember_walk(struct remembered *m, const struct caller *caller, struct readable *range,
                   struct stack_key seed);

INLINE struct frame_slot *remembered_frames(struct remembered *m) {
    return m->sentinel_and_frame + SENTINELS;
}
/* The frames of the current stack, 0 is the innermost. */
INLINE uint32_t remembered_count(const struct remembered *m) {
    return m->path ? m->path->join + 1u + m->path->frames : m->count;
}
INLINE uintptr_t remembered_pc(const struct remembered *m, uint32_t i) {
    if (m->path && i < m->path->frames)
        return path_pc(m->path, i);
    return m->sentinel_and_frame[SENTINELS + remembered_count(m) - 1 - i].pc;
}
/* Is it deeper than a stack is told in full? */
INLINE bool remembered_is_deep(const struct remembered *m) {
    return remembered_count(m) > WALK_LEAF_FRAMES + WALK_ROOT_FRAMES;
}
/* What is told of such a stack, as walk_stack does. */
void remember_cut(const struct remembered *m, struct frames *out);

INLINE struct stack_key remembered_key(const struct remembered *m, struct stack_key seed) {
    return m->path ? m->path->key : m->count ? m->state[m->count - 1].key : seed;
}
INLINE void remember_nothing(struct remembered *m) {
    m->count = 0;
    m->saved_count = 0;
    m->path = NULL;
}

#endif
