/* aarch64.h — what the hooks need of an AArch64 processor, beside the unwinder. Twin: x86_64.h. */
#ifndef MEMTRACE_SHIM_PLATFORM_ARCH_H
#define MEMTRACE_SHIM_PLATFORM_ARCH_H

#include <stdint.h>

#include "shim/util.h"

/* Of glibc's symbols, where they have not changed since. */
#define ARCH_FIRST_LIBC_VERSION "GLIBC_2.17"

/* Adds 1 and returns what was there: there is no instruction for a signal handler alone. */
INLINE uint32_t arch_count_alone(uint32_t *counter) {
    return __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* Between two looks at what another processor is about to change. */
INLINE void arch_pause(void) {
    __asm__ volatile("yield");
}

/* Defines the exported function `name` as a jump to the address at `place`, a symbol expression in a string.
 */
#define ARCH_TAIL_JUMP(name, place)                                                                          \
    __asm__(".pushsection .text\n"                                                                           \
            ".globl " #name "\n"                                                                             \
            ".type " #name ", %function\n"                                                                   \
            ".balign 4\n" #name ":\n"                                                                        \
            ".cfi_startproc\n"                                                                               \
            "hint #34\n" /* bti c */                                                                         \
            "adrp x16, " place "\n"                                                                          \
            "ldr x16, [x16, :lo12:" place "]\n"                                                              \
            "br x16\n"                                                                                       \
            ".cfi_endproc\n"                                                                                 \
            ".size " #name ", . - " #name "\n"                                                               \
            ".popsection\n");

#define ARCH_AUDIT AUDIT_ARCH_AARCH64 /* in the data that a seccomp filter sees */

/* Defines the exported function syscall(): it goes on at the address in `next`, at first to a system call of
 * its own, whose error goes to fail(errno); a call of seccomp goes to the function `seccomp` instead, which
 * has the same arguments. */
#define ARCH_SYSCALL_HOOK(seccomp, next, fail)                                                               \
    __attribute__((visibility("hidden"))) void arch_own_syscall(void);                                       \
    __attribute__((used)) static void *next = (void *)arch_own_syscall;                                      \
    __asm__(".pushsection .text\n"                                                                           \
            ".globl syscall\n"                                                                               \
            ".type syscall, %function\n"                                                                     \
            ".balign 4\n"                                                                                    \
            "syscall: .cfi_startproc\n"                                                                      \
            "hint #34\n"                                                                                     \
            "cmp w0, #277\n"                                                                                 \
            "b.ne 1f\n"                                                                                      \
            "b " #seccomp "\n"                                                                               \
            "1: adrp x16, " #next "\n"                                                                       \
            "ldr x16, [x16, :lo12:" #next "]\n"                                                              \
            "br x16\n"                                                                                       \
            ".cfi_endproc\n"                                                                                 \
            ".size syscall, . - syscall\n"                                                                   \
            ".hidden arch_own_syscall\n"                                                                     \
            ".globl arch_own_syscall\n"                                                                      \
            ".type arch_own_syscall, %function\n"                                                            \
            "arch_own_syscall: .cfi_startproc\n"                                                             \
            "hint #34\n"                                                                                     \
            "mov x8, x0\n"                                                                                   \
            "mov x0, x1\n"                                                                                   \
            "mov x1, x2\n"                                                                                   \
            "mov x2, x3\n"                                                                                   \
            "mov x3, x4\n"                                                                                   \
            "mov x4, x5\n"                                                                                   \
            "mov x5, x6\n"                                                                                   \
            "svc #0\n"                                                                                       \
            "cmn x0, #4095\n"                                                                                \
            "b.cs 3f\n"                                                                                      \
            "ret\n"                                                                                          \
            "3: neg w0, w0\n"                                                                                \
            "b " #fail "\n"                                                                                  \
            ".cfi_endproc\n"                                                                                 \
            ".size arch_own_syscall, . - arch_own_syscall\n"                                                 \
            ".popsection\n");

#endif
