/* spawn.c — posix_spawn: as exec.c, but in a child, which is announced once it has a number. The stack is the
 * only memory.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>

#include "shim/interpose/preload.h"
#include "shim/real.h"

/* What the C library keeps of each file action: its posix/spawn_int.h, the same since actions can change the
 * folder (glibc 2.29). */
enum action_kind {
    ACTION_CLOSE,
    ACTION_DUP,
    ACTION_OPEN,
    ACTION_CHDIR,
    ACTION_FCHDIR,
    ACTION_CLOSE_FROM,
    ACTION_TERMINAL
};
struct __spawn_action {
    int kind;
    union {
        const char *path; /* of ACTION_CHDIR */
        struct {
            int fd;
            int copy; /* of ACTION_DUP */
        };
        struct {
            int fd;
            const char *path;
            int flags;
            mode_t mode;
        } open;
    };
};

/* Is `fd` opened by one of the first actions? Then it is something else here. */
static bool is_opened(const struct __spawn_action *actions, int count, int fd) {
    for (int i = 0; i < count; i++)
        if ((actions[i].kind == ACTION_OPEN && actions[i].open.fd == fd) ||
            (actions[i].kind == ACTION_DUP && actions[i].copy == fd))
            return true;
    return false;
}

/* The file that `path` means once the actions have been done, as seen from here, in `out`. NULL: not known.
 */
static const char *path_after(const posix_spawn_file_actions_t *actions, const char *path, char *out) {
    bool moves = false;
    out[0] = 0;
    for (int i = 0; path[0] != '/' && actions && i < actions->__used; i++) {
        const struct __spawn_action *action = &actions->__actions[i];
        moves |= action->kind == ACTION_CHDIR || action->kind == ACTION_FCHDIR;
        if (action->kind == ACTION_CHDIR && !preload_join(out, action->path))
            return NULL;
        if (action->kind == ACTION_FCHDIR && is_opened(actions->__actions, i, action->fd))
            return NULL;
        if (action->kind == ACTION_FCHDIR)
            preload_fd_path(action->fd, out);
    }
    return !moves ? path : preload_join(out, path) ? out : NULL;
}

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
    char found[PRELOAD_PROGRAM_BYTES];
    struct preload_plan plan = {.found = found};
    preload_plan(&plan, path_after(actions, path, plan.found), false, environment);
    return spawn(real.posix_spawn, &plan, pid, path, actions, attributes, argv, environment);
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[], char *const environment[]) {
    if (!real_available())
        return ENOSYS;
    char found[PRELOAD_PROGRAM_BYTES];
    struct preload_plan plan = {.found = found};
    if (strchr(file, '/'))
        preload_plan(&plan, path_after(actions, file, plan.found), false, environment);
    else
        preload_plan(&plan, file, true, environment);
    return spawn(real.posix_spawnp, &plan, pid, file, actions, attributes, argv, environment);
}
