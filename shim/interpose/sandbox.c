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

#include "shim/areas.h"
#include "shim/interpose/filter.h"
#include "shim/interpose/sandbox.h"
#include "shim/platform/arch.h"
#include "shim/platform/linux/calls.h"
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
        areas_prepare_silence();
    struct thread *t = thread_self;
    if (t && t->live) {
        readable_start(&t->readable, (uintptr_t)__builtin_frame_address(0));
        for (int pages = 0; pages < STACK_PAGES_MAX && readable_until(&t->readable, t->readable.high + 1);
             pages++)
            ;
    }
    os_be_silent();
}

#define PAGE 4096

static bool is_readable(const void *from, size_t bytes) {
    uintptr_t at = (uintptr_t)from, last = at + bytes - 1;
    for (; at < last; at = (at | (PAGE - 1)) + 1)
        if (!os_readable(at))
            return false;
    return os_readable(last);
}

/* Programs that ask what this system can do give none, or one that is refused. */
static bool is_filter(const struct sock_fprog *filter) {
    return is_readable(filter, sizeof *filter) && filter->len > 0 && filter->len <= BPF_MAXINSNS &&
           is_readable(filter->filter, filter->len * sizeof *filter->filter);
}

/* Whether there is silence for the sake of what this call of seccomp or prctl asks for. */
static bool prepare(bool is_strict, bool has_filter, const struct sock_fprog *filter) {
    if (!is_strict && !(has_filter && is_filter(filter) && !is_harmless(filter)))
        return false;
    be_silent();
    return true;
}

EXPORT int prctl(int option, ...) {
    va_list list;
    va_start(list, option);
    unsigned long a = va_arg(list, unsigned long), b = va_arg(list, unsigned long);
    unsigned long c = va_arg(list, unsigned long), d = va_arg(list, unsigned long);
    va_end(list);
    bool sandbox = option == PR_SET_SECCOMP;
    bool prepared = prepare(sandbox && a == SECCOMP_MODE_STRICT, sandbox && a == SECCOMP_MODE_FILTER,
                            (const struct sock_fprog *)b);
    int result = real_available_below_malloc() && real.prctl ? real.prctl(option, a, b, c, d)
                                                             : (int)syscall(SYS_prctl, option, a, b, c, d);
    if (prepared && result < 0)
        os_end_silence();
    return result;
}

__attribute__((used)) static long sandbox_fail(int error) {
    errno = error;
    return -1;
}

ARCH_SYSCALL_HOOK(sandbox_seccomp, next_syscall, sandbox_fail)

/* A filter for all threads is refused with the number of one that has others; that of a listener is no
 * error. */
static bool is_refused(long result, unsigned long flags) {
    return result < 0 || (result > 0 && !(flags & SECCOMP_FILTER_FLAG_NEW_LISTENER));
}

__attribute__((used)) static long sandbox_seccomp(long number, unsigned long operation, unsigned long flags,
                                                  const void *argument) {
    long (*next)(long, ...) = (long (*)(long, ...))load_acquire(&next_syscall);
    bool prepared =
        prepare(operation == SECCOMP_SET_MODE_STRICT, operation == SECCOMP_SET_MODE_FILTER, argument);
    long result = next(number, operation, flags, argument);
    if (prepared && is_refused(result, flags))
        os_end_silence();
    return result;
}

void sandbox_resolve(void) {
    if (real.syscall)
        store_release(&next_syscall, (void *)real.syscall);
}
