/* sandbox.c — a program that puts itself under seccomp must not be killed for the shim's system calls.
 *
 * Its filter is asked what it would do with each of them, whatever the arguments; where one could be fatal
 * (or left to a tracer), the shim asks nothing of the system any more: what it has keeps working, new threads
 * and processes are lost, and counted. A filter that only refuses does no harm.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/interpose/filter.h"
#include "shim/interpose/sandbox.h"
#include "shim/platform/arch.h"
#include "shim/platform/linux/calls.h"
#include "shim/process.h"
#include "shim/real.h"
#include "shim/thread.h"
#include "shim/unwind/readable.h"

static const int own_calls[] = {
#define CALL(name) CALL_##name,
#include "shim/platform/linux/calls.def"
#undef CALL
};

#define STACK_PAGES_MAX 4096

static bool is_harmless(const struct sock_fprog *filter) {
    for (size_t i = 0; i < sizeof own_calls / sizeof *own_calls; i++)
        if (filter_may_kill(filter, own_calls[i]))
            return false;
    return true;
}

/* Before the filter is in force: what needs the system must be done now. */
static void be_silent(void) {
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

/* None is given by a program that asks what this system can do. */
static void before_filter(const struct sock_fprog *filter) {
    if (filter && !is_harmless(filter))
        be_silent();
}

EXPORT int prctl(int option, ...) {
    va_list list;
    va_start(list, option);
    unsigned long a = va_arg(list, unsigned long), b = va_arg(list, unsigned long);
    unsigned long c = va_arg(list, unsigned long), d = va_arg(list, unsigned long);
    va_end(list);
    if (option == PR_SET_SECCOMP && a == SECCOMP_MODE_STRICT)
        be_silent();
    else if (option == PR_SET_SECCOMP && a == SECCOMP_MODE_FILTER)
        before_filter((const struct sock_fprog *)b);
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
        be_silent();
    else if (operation == SECCOMP_SET_MODE_FILTER)
        before_filter(argument);
}

ARCH_SYSCALL_HOOK(sandbox_note_syscall, next_syscall, sandbox_fail)

void sandbox_resolve(void) {
    if (real.syscall)
        store_release(&next_syscall, (void *)real.syscall);
}
