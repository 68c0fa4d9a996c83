/* exec.c — exec and posix_spawn: the whole process tree stays in the session, and what the preload would harm
 * runs without it. Runs in vfork children: the stack is the only memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <alloca.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/interpose/preload.h"
#include "shim/real.h"

/* `environment` as the program is to get it. A macro, because the memory is the calling function's. */
#define PREPARED(change, environment)                                                                        \
    ((change) == PRELOAD_KEEP ? (environment)                                                                \
                              : preload_build(change, environment, alloca(preload_bytes(environment))))

EXPORT int execve(const char *path, char *const argv[], char *const environment[]) {
    if (!real_available())
        return (int)syscall(SYS_execve, path, argv, environment);
    enum preload_change change = preload_decide(path, false, environment);
    return real.execve(path, argv, PREPARED(change, environment));
}

EXPORT int execvpe(const char *file, char *const argv[], char *const environment[]) {
    if (!real_available())
        return (int)syscall(SYS_execve, file, argv, environment);
    enum preload_change change = preload_decide(file, true, environment);
    return real.execvpe(file, argv, PREPARED(change, environment));
}

EXPORT int execv(const char *path, char *const argv[]) {
    return execve(path, argv, environ);
}

EXPORT int execvp(const char *file, char *const argv[]) {
    return execvpe(file, argv, environ);
}

EXPORT int fexecve(int fd, char *const argv[], char *const environment[]) {
    if (!real_available())
        return -1;
    enum preload_change change = preload_decide_fd(fd, environment);
    return real.fexecve(fd, argv, PREPARED(change, environment));
}

EXPORT int execveat(int folder, const char *path, char *const argv[], char *const environment[], int flags) {
    if (!real_available() || !real.execveat)
        return (int)syscall(SYS_execveat, folder, path, argv, environment, flags);
    enum preload_change change = path[0] == '/' || folder == -100 /* AT_FDCWD */
                                     ? preload_decide(path, false, environment)
                                     : path[0] == 0 ? preload_decide_fd(folder, environment) : PRELOAD_KEEP;
    return real.execveat(folder, path, argv, PREPARED(change, environment), flags);
}

/* The argument list of execl and its like, gathered on the caller's stack. */
#define GATHER(first, list, argv)                                                                            \
    size_t count = 1;                                                                                        \
    va_list list, counting;                                                                                  \
    va_start(list, first);                                                                                   \
    va_copy(counting, list);                                                                                 \
    while (va_arg(counting, char *))                                                                         \
        count++;                                                                                             \
    va_end(counting);                                                                                        \
    char **argv = alloca((count + 1) * sizeof *argv);                                                        \
    argv[0] = (char *)first;                                                                                 \
    for (size_t i = 1; i <= count; i++)                                                                      \
    argv[i] = va_arg(list, char *)

EXPORT int execl(const char *path, const char *argument, ...) {
    GATHER(argument, list, argv);
    va_end(list);
    return execve(path, argv, environ);
}

EXPORT int execlp(const char *file, const char *argument, ...) {
    GATHER(argument, list, argv);
    va_end(list);
    return execvpe(file, argv, environ);
}

EXPORT int execle(const char *path, const char *argument, ...) {
    GATHER(argument, list, argv);
    char *const *environment = va_arg(list, char *const *);
    va_end(list);
    return execve(path, argv, environment);
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[], char *const environment[]) {
    if (!real_available())
        return ENOSYS;
    enum preload_change change = preload_decide(path, false, environment);
    return real.posix_spawn(pid, path, actions, attributes, argv, PREPARED(change, environment));
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[], char *const environment[]) {
    if (!real_available())
        return ENOSYS;
    enum preload_change change = preload_decide(file, true, environment);
    return real.posix_spawnp(pid, file, actions, attributes, argv, PREPARED(change, environment));
}
