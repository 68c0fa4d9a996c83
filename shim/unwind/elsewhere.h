/* elsewhere.h — frames that do not lie just outside of those that they called, but on another stack, or far
 * away on this one.
 *
 * A function may go on with a stack of its own (Rust's `stacker`, split stacks), or leave more room in its
 * frame than is looked at for being mapped. Its own frame stays where it was, and unwind information says
 * where: by the frame pointer.
 *
 * Never allocates, locks or calls libc; any thread, inside a signal handler.
 */
#ifndef MEMTRACE_SHIM_ELSEWHERE_H
#define MEMTRACE_SHIM_ELSEWHERE_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/unwind/readable.h"

/* Is there a frame from `low` to `cfa` whose return address is at `slot`? Believed where that is of code with
 * information: what a smashed stack leads to hardly is. True: `range` contains it. */
bool elsewhere_is_frame(uintptr_t low, uintptr_t cfa, uintptr_t slot, struct readable *range);

#endif
