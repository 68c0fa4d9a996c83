/* limits.c — setrlimit, mlockall: a program that limits its own addresses or private memory, or has all of it
 * kept in memory, must not find the shim's in its way. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/areas.h"
#include "shim/real.h"

/* The kernel answers EFAULT where it cannot. */
static bool can_be_read(const struct rlimit *limit) {
    return os_is_silent() || (os_readable((uintptr_t)limit) && os_readable((uintptr_t)(limit + 1) - 1));
}

static void before(int resource, const struct rlimit *limit) {
    if ((resource == RLIMIT_AS || resource == RLIMIT_DATA) && limit && can_be_read(limit) &&
        limit->rlim_cur != RLIM_INFINITY)
        areas_shrink(limit->rlim_cur);
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

/* Of memory that is locked, where nothing limits it: as much as a program that limits itself to this has. */
#define LOCKED_LIMIT (UINT64_C(512) << 20)

EXPORT int mlockall(int flags) {
    if (!real_available() || !real.mlockall)
        return (int)syscall(SYS_mlockall, flags);
    int before = errno;
    areas_shrink(LOCKED_LIMIT);
    int result = real.mlockall(flags);
    struct rlimit limit;
    if (result == 0 || errno != ENOMEM || getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
        return result;
    areas_shrink(limit.rlim_cur);
    result = real.mlockall(flags);
    if (result == 0)
        errno = before;
    return result;
}
