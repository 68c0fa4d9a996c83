/* spawn.c — posix_spawn: as exec.c, but in a child, which is announced once it has a number. The stack is the
 * only memory.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <errno.h>
#include <spawn.h>

#include "shim/interpose/preload.h"
#include "shim/real.h"

typedef int spawn_function(pid_t *, const char *, const posix_spawn_file_actions_t *,
                           const posix_spawnattr_t *, char *const[], char *const[]);

static int spawn(spawn_function *function, const struct preload_plan *plan, pid_t *pid, const char *path,
                 const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                 char *const argv[], char *const environment[]) {
    pid_t started;
    int error = function(&started, path, actions, attributes, argv, PRELOAD_PREPARED(plan, environment));
    if (error)
        return error;
    if (pid)
        *pid = started;
    preload_announce(plan, (uint32_t)started);
    return 0;
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[], char *const environment[]) {
    if (!real_available())
        return ENOSYS;
    struct preload_plan plan;
    preload_plan(&plan, path, false, environment);
    return spawn(real.posix_spawn, &plan, pid, path, actions, attributes, argv, environment);
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[], char *const environment[]) {
    if (!real_available())
        return ENOSYS;
    struct preload_plan plan;
    preload_plan(&plan, file, true, environment);
    return spawn(real.posix_spawnp, &plan, pid, file, actions, attributes, argv, environment);
}
