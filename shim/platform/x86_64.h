/* x86_64.h — what the hooks need of an x86-64 processor, beside the unwinder. Twin: aarch64.h. */
#ifndef MEMTRACE_SHIM_PLATFORM_ARCH_H
#define MEMTRACE_SHIM_PLATFORM_ARCH_H

#include <stdint.h>

#include "shim/util.h"

/* Of glibc's symbols, where they have not changed since. */
#define ARCH_FIRST_LIBC_VERSION "GLIBC_2.2.5"

/* Adds 1 and returns what was there, in one instruction: atomic for a signal handler, not for another thread.
 */
INLINE uint32_t arch_count_alone(uint32_t *counter) {
    uint32_t one = 1;
    __asm__ volatile("xaddl %0, %1" : "+r"(one), "+m"(*counter));
    return one;
}

/* Between two looks at what another processor is about to change. */
INLINE void arch_pause(void) {
    __asm__ volatile("pause");
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

#define ARCH_AUDIT AUDIT_ARCH_X86_64 /* in the data that a seccomp filter sees */

/* Defines the exported function syscall(): it goes on at the address in `next`, at first to a system call of
 * its own, whose error goes to fail(errno); a call of seccomp goes to the function `seccomp` instead, which
 * has the same arguments. */
#define ARCH_SYSCALL_HOOK(seccomp, next, fail)                                                               \
    __attribute__((visibility("hidden"))) void arch_own_syscall(void);                                       \
    __attribute__((used)) static void *next = (void *)arch_own_syscall;                                      \
    __asm__(".pushsection .text\n"                                                                           \
            ".globl syscall\n"                                                                               \
            ".type syscall, @function\n"                                                                     \
            "syscall: .cfi_startproc\n"                                                                      \
            "endbr64\n"                                                                                      \
            "cmp $317, %edi\n"                                                                               \
            "je " #seccomp "\n"                                                                              \
            "jmp *" #next "(%rip)\n"                                                                         \
            ".cfi_endproc\n"                                                                                 \
            ".size syscall, . - syscall\n"                                                                   \
            ".hidden arch_own_syscall\n"                                                                     \
            ".globl arch_own_syscall\n"                                                                      \
            ".type arch_own_syscall, @function\n"                                                            \
            "arch_own_syscall: .cfi_startproc\n"                                                             \
            "endbr64\n"                                                                                      \
            "mov %rdi, %rax\n"                                                                               \
            "mov %rsi, %rdi\n"                                                                               \
            "mov %rdx, %rsi\n"                                                                               \
            "mov %rcx, %rdx\n"                                                                               \
            "mov %r8, %r10\n"                                                                                \
            "mov %r9, %r8\n"                                                                                 \
            "mov 8(%rsp), %r9\n"                                                                             \
            "syscall\n"                                                                                      \
            "cmp $-4095, %rax\n"                                                                             \
            "jae 3f\n"                                                                                       \
            "ret\n"                                                                                          \
            "3: neg %eax\n"                                                                                  \
            "mov %eax, %edi\n"                                                                               \
            "jmp " #fail "\n"                                                                                \
            ".cfi_endproc\n"                                                                                 \
            ".size arch_own_syscall, . - arch_own_syscall\n"                                                 \
            ".popsection\n");

#endif
