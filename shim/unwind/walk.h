/* walk.h — the frames of the current stack, by call frame information.
 *
 * The simplest exact walk: one rule per frame, from the innermost outwards, nothing remembered between walks.
 * Never allocates, locks or calls libc; any thread, inside a signal handler.
 */
#ifndef MEMTRACE_SHIM_WALK_H
#define MEMTRACE_SHIM_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/platform/arch.h"

#define WALK_LEAF_FRAMES 1024   /* kept from the innermost side */
#define WALK_ROOT_FRAMES 64     /* kept from the outermost side of a deeper stack */
#define WALK_LIMIT       200000 /* frames after which a walk gives up looking for the root */

struct frames {
    uint32_t count;
    bool truncated; /* the outermost frames are unknown, or some were left out in the middle */
    /* Innermost first: return addresses; interrupted pcs with NODE_PC_EXACT; NODE_PC_OMITTED for a gap. */
    uint64_t pc[WALK_LEAF_FRAMES + 1 + WALK_ROOT_FRAMES];
};

void walk_stack(const struct caller *caller, struct readable *range, struct frames *out);

/* A call of a function, by what its caller's registers are just after it, in one word, so that a signal
 * handler sees all of it or nothing: the sp, and of the pc as much as fits. The sp alone would not do: after
 * a longjmp other frames lie where those of the call were. */
#define WALK_CALL_PC_BITS 16
INLINE uint64_t walk_call(uintptr_t sp, uintptr_t pc) {
    return (uint64_t)sp << WALK_CALL_PC_BITS | (uint16_t)pc;
}

enum walk_relation {
    WALK_INSIDE,  /* called, directly or not, by that function */
    WALK_HANDLER, /* a signal handler that interrupted it, or something called by it */
    WALK_OUTSIDE  /* that function is no longer on the stack: it was left by a longjmp or a context switch */
};

/* How code with these caller registers stands to a function that was called at `call`. */
enum walk_relation walk_relate(const struct caller *caller, struct readable *range, uint64_t call);

#endif
