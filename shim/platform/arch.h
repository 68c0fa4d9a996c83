/* arch.h — picks the architecture's part of the unwinder, and what else differs between processors. */
#ifndef MEMTRACE_SHIM_ARCH_H
#define MEMTRACE_SHIM_ARCH_H

#include <stdint.h>

#include "shim/util.h"

#if defined(__x86_64__)
#include "shim/unwind/x86_64.h"

/* Of glibc's symbols, where they have not changed since. */
#define ARCH_FIRST_LIBC_VERSION "GLIBC_2.2.5"

/* Adds 1 and returns what was there, in one instruction: atomic for a signal handler, not for another thread.
 */
INLINE uint32_t arch_count_alone(uint32_t *counter) {
    uint32_t one = 1;
    __asm__ volatile("xaddl %0, %1" : "+r"(one), "+m"(*counter));
    return one;
}

/* Defines the exported function `name` as a jump to the address at `place`, a symbol expression in a string.
 */
#define ARCH_TAIL_JUMP(name, place)                                                                          \
    __asm__(".pushsection .text\n"                                                                           \
            ".globl " #name "\n"                                                                             \
            ".type " #name ", @function\n" #name ":\n"                                                       \
            ".cfi_startproc\n"                                                                               \
            "endbr64\n"                                                                                      \
            "jmp *" place "(%rip)\n"                                                                         \
            ".cfi_endproc\n"                                                                                 \
            ".size " #name ", . - " #name "\n"                                                               \
            ".popsection\n");
#else
#error "memtrace has no unwinder for this architecture yet"
#endif

#endif
