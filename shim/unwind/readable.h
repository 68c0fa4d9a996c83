/* readable.h — the part of a stack that is known to be mapped, so that a walk misled by wrong unwind
 * information or a smashed stack ends instead of crashing the program.
 *
 * A thread keeps one contiguous range, found page by page with a system call each, and extends it as walks
 * reach further; on another stack (alternate signal stack, fiber) it begins anew.
 *
 * What was readable may be so no longer: a stack that is kept for reuse was made smaller. Where unwind
 * information leads, there is a frame, and its memory; a step that is a guess asks again after any mapping
 * was changed.
 */
#ifndef MEMTRACE_SHIM_READABLE_H
#define MEMTRACE_SHIM_READABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/util.h"

struct readable {
    uintptr_t low;
    uintptr_t high;
    uint32_t epoch;
};

/* How often mappings were taken away or protected, by whatever thread. */
extern uint32_t readable_epoch;

/* Makes the range contain `sp`. False: the memory there cannot be read. */
bool readable_begin(struct readable *range, uintptr_t sp);
/* Extends the range up to `end`. False: it cannot be read, or is implausibly far. */
bool readable_extend(struct readable *range, uintptr_t end);

/* Before a guess is followed from the frame at `sp`. */
void readable_renew(struct readable *range, uintptr_t sp);

INLINE void readable_changed(void) {
    __atomic_add_fetch(&readable_epoch, 1, __ATOMIC_RELEASE);
}
INLINE bool readable_start(struct readable *range, uintptr_t sp) {
    return likely(sp >= range->low && sp < range->high) || readable_begin(range, sp);
}
INLINE bool readable_until(struct readable *range, uintptr_t end) {
    return likely(end <= range->high) || readable_extend(range, end);
}
/* Makes the range contain what may lie on another stack than it was begun on. */
INLINE bool readable_between(struct readable *range, uintptr_t low, uintptr_t end) {
    return readable_start(range, low) && readable_until(range, end);
}

#endif
