/* limits.c — setrlimit, mlockall: a program that limits its own address space, or has all of it kept in
 * memory, must not find the shim's in its way. */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/process.h"
#include "shim/real.h"

static void before(int resource, const struct rlimit *limit) {
    if (resource == RLIMIT_AS && limit && limit->rlim_cur != RLIM_INFINITY)
        process_shrink();
}

EXPORT int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit) {
    if (!real_available() || !real.setrlimit)
        return (int)syscall(SYS_setrlimit, resource, limit);
    before((int)resource, limit);
    return real.setrlimit(resource, limit);
}

EXPORT int prlimit(pid_t pid, __rlimit_resource_t resource, const struct rlimit *limit, struct rlimit *old) {
    if (!real_available() || !real.prlimit)
        return (int)syscall(SYS_prlimit64, pid, resource, limit, old);
    if (pid == 0 || (uint32_t)pid == os_pid())
        before((int)resource, limit);
    return real.prlimit(pid, resource, limit, old);
}

/* The same where long has 64 bits. */
EXPORT int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit)
    __attribute__((alias("setrlimit")));
EXPORT int prlimit64(pid_t pid, __rlimit_resource_t resource, const struct rlimit64 *limit,
                     struct rlimit64 *old) __attribute__((alias("prlimit")));

EXPORT int mlockall(int flags) {
    if (!real_available() || !real.mlockall)
        return (int)syscall(SYS_mlockall, flags);
    process_shrink();
    return real.mlockall(flags);
}
