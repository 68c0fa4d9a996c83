/* exec.c — exec: the whole process tree stays in the session, and what the preload would harm
 * runs without it. Runs in vfork children: the stack is the only memory.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/interpose/preload.h"
#include "shim/platform/os.h"
#include "shim/real.h"

EXPORT int execve(const char *path, char *const argv[], char *const environment[]) {
    if (!real_available())
        return (int)syscall(SYS_execve, path, argv, environment);
    struct preload_plan plan = {0};
    preload_plan(&plan, path, false, environment);
    preload_announce(&plan, os_pid());
    return real.execve(path, argv, PRELOAD_PREPARED(&plan, environment));
}

static void plan_in(char *found, struct preload_plan *plan, const char *file, char *const environment[]) {
    plan->found = found;
    preload_plan(plan, file, true, environment);
    preload_announce(plan, os_pid());
    plan->program = plan->found =
        NULL; /* the room is given back: what to change is all that is still asked */
}

static NOINLINE void plan_on_stack(struct preload_plan *plan, const char *file, char *const environment[]) {
    char found[PRELOAD_PROGRAM_BYTES];
    plan_in(found, plan, file, environment);
}

/* A handler that executes a program may have little stack. One user at a time; others, and those that find it
 * taken for good (by a thread that a fork left behind, a vfork child that was killed), have their own. */
static void plan_named(struct preload_plan *plan, const char *file, char *const environment[]) {
    static char found[PRELOAD_PROGRAM_BYTES];
    static uint32_t taken;
    if (__atomic_exchange_n(&taken, 1, __ATOMIC_ACQUIRE)) {
        plan_on_stack(plan, file, environment);
        return;
    }
    plan_in(found, plan, file, environment);
    store_release(&taken, 0);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const environment[]) {
    if (!real_available())
        return (int)syscall(SYS_execve, file, argv, environment);
    struct preload_plan plan;
    plan_named(&plan, file, environment);
    return real.execvpe(file, argv, PRELOAD_PREPARED(&plan, environment));
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
    char found[PRELOAD_FD_BYTES];
    struct preload_plan plan = {.found = found};
    preload_plan_at(&plan, fd, "", environment);
    preload_announce(&plan, os_pid());
    return real.fexecve(fd, argv, PRELOAD_PREPARED(&plan, environment));
}

EXPORT int execveat(int folder, const char *path, char *const argv[], char *const environment[], int flags) {
    if (!real_available() || !real.execveat)
        return (int)syscall(SYS_execveat, folder, path, argv, environment, flags);
    char found[PRELOAD_PROGRAM_BYTES];
    struct preload_plan plan = {.found = found};
    if (folder == AT_FDCWD || path[0] == '/')
        preload_plan(&plan, path, false, environment);
    else
        preload_plan_at(&plan, folder, path, environment);
    preload_announce(&plan, os_pid());
    return real.execveat(folder, path, argv, PRELOAD_PREPARED(&plan, environment), flags);
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
