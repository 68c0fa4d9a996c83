/* arch.h — picks the architecture's part of the unwinder, and what else differs between processors. */
#ifndef MEMTRACE_SHIM_ARCH_H
#define MEMTRACE_SHIM_ARCH_H

#include <stdint.h>

#include "shim/util.h"

#if defined(__x86_64__)
#include "shim/unwind/x86_64.h"

/* Adds 1 and returns what was there, in one instruction: atomic for a signal handler, not for another thread.
 */
INLINE uint32_t arch_count_alone(uint32_t *counter) {
    uint32_t one = 1;
    __asm__ volatile("xaddl %0, %1" : "+r"(one), "+m"(*counter));
    return one;
}
#else
#error "memtrace has no unwinder for this architecture yet"
#endif

#endif
