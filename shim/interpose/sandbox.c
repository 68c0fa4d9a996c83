/* sandbox.c — a program that puts itself under seccomp must not be killed for the shim's system calls.
 *
 * Its filter is asked what it would do with each of them; where one would be fatal (or left to a tracer), the
 * shim asks nothing of the system any more: what it has keeps working, new threads and processes are lost,
 * and counted. A filter that only refuses does no harm.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/interpose/sandbox.h"
#include "shim/platform/arch.h"
#include "shim/process.h"
#include "shim/real.h"
#include "shim/thread.h"
#include "shim/unwind/readable.h"

static const int own_calls[] = {SYS_openat,        SYS_close,     SYS_read,       SYS_ftruncate,
                                SYS_fallocate,     SYS_unlinkat,  SYS_readlinkat, SYS_mmap,
                                SYS_munmap,        SYS_madvise,   SYS_getpid,     SYS_getppid,
                                SYS_gettid,        SYS_tgkill,    SYS_prctl,      SYS_prlimit64,
                                SYS_clock_gettime, SYS_getrusage, SYS_futex,      SYS_rt_sigprocmask};

#define STEPS_MAX       100000
#define STACK_PAGES_MAX 4096

/* What a filter returns for a call without arguments; fatal when it cannot be told. The language: Linux,
 * Documentation/networking/filter.rst, as far as seccomp allows it. */
static uint32_t verdict(const struct sock_fprog *program, int call) {
    struct seccomp_data data = {.nr = call, .arch = ARCH_AUDIT};
    uint32_t a = 0, x = 0, memory[BPF_MEMWORDS] = {0};
    uint32_t pc = 0;
    for (int steps = 0; steps < STEPS_MAX && pc < program->len; steps++, pc++) {
        const struct sock_filter *f = &program->filter[pc];
        uint32_t k = f->k, operand = BPF_SRC(f->code) == BPF_X ? x : k;
        switch (BPF_CLASS(f->code)) {
        case BPF_LD:
            if (BPF_MODE(f->code) == BPF_ABS && k <= sizeof data - 4)
                memcpy(&a, (const char *)&data + k, 4);
            else
                a = BPF_MODE(f->code) == BPF_MEM   ? memory[k % BPF_MEMWORDS]
                    : BPF_MODE(f->code) == BPF_LEN ? (uint32_t)sizeof data
                                                   : k;
            break;
        case BPF_LDX:
            x = BPF_MODE(f->code) == BPF_MEM   ? memory[k % BPF_MEMWORDS]
                : BPF_MODE(f->code) == BPF_LEN ? (uint32_t)sizeof data
                                               : k;
            break;
        case BPF_ST:
            memory[k % BPF_MEMWORDS] = a;
            break;
        case BPF_STX:
            memory[k % BPF_MEMWORDS] = x;
            break;
        case BPF_ALU:
            switch (BPF_OP(f->code)) {
            case BPF_ADD:
                a += operand;
                break;
            case BPF_SUB:
                a -= operand;
                break;
            case BPF_AND:
                a &= operand;
                break;
            case BPF_OR:
                a |= operand;
                break;
            case BPF_XOR:
                a ^= operand;
                break;
            case BPF_LSH:
                a <<= operand & 31;
                break;
            case BPF_RSH:
                a >>= operand & 31;
                break;
            case BPF_NEG:
                a = -a;
                break;
            default:
                return SECCOMP_RET_KILL_PROCESS;
            }
            break;
        case BPF_JMP:
            if (BPF_OP(f->code) == BPF_JA)
                pc += k;
            else
                pc += (BPF_OP(f->code) == BPF_JEQ   ? a == operand
                       : BPF_OP(f->code) == BPF_JGT ? a > operand
                       : BPF_OP(f->code) == BPF_JGE ? a >= operand
                                                    : (a & operand) != 0)
                          ? f->jt
                          : f->jf;
            break;
        case BPF_RET:
            return BPF_RVAL(f->code) == BPF_A ? a : k;
        case BPF_MISC:
            if (BPF_MISCOP(f->code) == BPF_TAX)
                x = a;
            else
                a = x;
            break;
        }
    }
    return SECCOMP_RET_KILL_PROCESS;
}

static bool is_harmless(const struct sock_fprog *program) {
    for (size_t i = 0; program && i < sizeof own_calls / sizeof *own_calls; i++) {
        uint32_t action = verdict(program, own_calls[i]) & SECCOMP_RET_ACTION_FULL;
        if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_ERRNO && action != SECCOMP_RET_LOG)
            return false;
    }
    return program != NULL;
}

/* Before the filter is in force: what needs the system must be done now. */
static void before(const struct sock_fprog *filter) {
    if (is_harmless(filter))
        return;
    if (process)
        process_prepare_silence();
    struct thread *t = thread_self;
    if (t && t->live) {
        readable_start(&t->readable, (uintptr_t)__builtin_frame_address(0));
        for (int pages = 0; pages < STACK_PAGES_MAX && readable_until(&t->readable, t->readable.high + 1);
             pages++)
            ;
    }
    os_be_silent();
}

EXPORT int prctl(int option, ...) {
    va_list list;
    va_start(list, option);
    unsigned long a = va_arg(list, unsigned long), b = va_arg(list, unsigned long);
    unsigned long c = va_arg(list, unsigned long), d = va_arg(list, unsigned long);
    va_end(list);
    if (option == PR_SET_SECCOMP)
        before(a == SECCOMP_MODE_FILTER ? (const struct sock_fprog *)b : NULL);
    if (!real_available() || !real.prctl)
        return (int)syscall(SYS_prctl, option, a, b, c, d);
    return real.prctl(option, a, b, c, d);
}

__attribute__((used)) static long sandbox_fail(int error) {
    errno = error;
    return -1;
}

__attribute__((used)) static void sandbox_note_syscall(long operation, const void *argument) {
    if (operation == SECCOMP_SET_MODE_STRICT)
        before(NULL);
    else if (operation == SECCOMP_SET_MODE_FILTER)
        before(argument);
}

ARCH_SYSCALL_HOOK(sandbox_note_syscall, next_syscall, sandbox_fail)

void sandbox_resolve(void) {
    if (real.syscall)
        store_release(&next_syscall, (void *)real.syscall);
}
