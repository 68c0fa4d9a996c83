/* walk.c — walks a stack frame by frame. Rules of a step: x86_64.h. */
#include "shim/unwind/walk.h"

#include "proto/segment.h"

INLINE uint64_t rule_of(const struct registers *r, bool exact) {
    return rules_get(r->pc + exact);
}

/* Beyond the leaf side a walk goes on to the root, of which the last frames are kept in a circle. */
static NOINLINE void walk_to_root(struct registers r, bool exact, struct readable *range,
                                  struct frames *out) {
    uint64_t circle[WALK_ROOT_FRAMES];
    uint32_t seen = 0;
    enum step step;
    out->truncated = true;
    do {
        circle[seen++ % WALK_ROOT_FRAMES] = r.pc | (exact ? NODE_PC_EXACT : 0);
        step = unwind_step(rule_of(&r, exact), &r, range);
        exact = step == STEP_INTERRUPTED;
    } while ((step == STEP_CALLED || exact) && seen < WALK_LIMIT);
    if (seen > WALK_ROOT_FRAMES)
        out->pc[out->count++] = NODE_PC_OMITTED;
    uint32_t kept = seen < WALK_ROOT_FRAMES ? seen : WALK_ROOT_FRAMES;
    for (uint32_t i = seen - kept; i < seen; i++)
        out->pc[out->count++] = circle[i % WALK_ROOT_FRAMES];
    if (seen <= WALK_ROOT_FRAMES && step == STEP_END)
        out->truncated = false; /* nothing was left out after all */
}

void walk_stack(const struct caller *caller, struct readable *range, struct frames *out) {
    struct registers r = caller_registers(caller);
    bool exact = false;
    uint32_t count = 0;
    out->truncated = false;
    if (unlikely(!readable_start(range, r.sp))) {
        out->count = 0;
        out->truncated = true;
        return;
    }
    while (likely(count < WALK_LEAF_FRAMES)) {
        out->pc[count++] = r.pc | (exact ? NODE_PC_EXACT : 0);
        enum step step = unwind_step(rule_of(&r, exact), &r, range);
        if (likely(step == STEP_CALLED)) {
            exact = false;
            continue;
        }
        if (step == STEP_INTERRUPTED) {
            exact = true;
            continue;
        }
        out->count = count;
        out->truncated = step == STEP_CUT;
        return;
    }
    out->count = count;
    walk_to_root(r, exact, range, out);
}

enum walk_relation walk_relate(const struct caller *caller, struct readable *range, struct walk_call call) {
    struct registers r = caller_registers(caller);
    bool exact = false, handler = false;
    uintptr_t frame = call.sp;
    if (r.sp == frame)
        return WALK_OUTSIDE; /* beside it: what it calls has its frames below */
    if (!readable_start(range, r.sp))
        return WALK_INSIDE;
    for (uint32_t i = 0; i < WALK_LIMIT; i++) {
        if (r.sp == frame && r.pc == call.pc && !exact)
            return handler ? WALK_HANDLER : WALK_INSIDE;
        uintptr_t below = r.sp;
        enum step step = unwind_step(rule_of(&r, exact), &r, range);
        if (step == STEP_CALLED) {
            exact = false;
        } else if (step == STEP_INTERRUPTED) {
            exact = handler = true;
        } else if (step == STEP_END) {
            return WALK_OUTSIDE;
        } else {
            /* The walk was cut: judge by the address. A deeper frame of the same stack may well be inside. */
            return below < frame ? (handler ? WALK_HANDLER : WALK_INSIDE) : WALK_OUTSIDE;
        }
    }
    return WALK_OUTSIDE;
}
