/* preload.h — the environment that a program about to be executed gets.
 *
 * Runs between vfork and exec: on the caller's stack, no allocation, no lock. The one thing that may differ
 * from what the program asked for is LD_PRELOAD.
 */
#ifndef MEMTRACE_SHIM_PRELOAD_H
#define MEMTRACE_SHIM_PRELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/session.h"

enum preload_change {
    PRELOAD_KEEP,  /* the environment is right as it is */
    PRELOAD_ADD,   /* the program cleared it: put the shim back in front */
    PRELOAD_REMOVE /* the shim would harm that program, a sandbox would kill for it, or tracing is over */
};

#define PRELOAD_PROGRAM_BYTES 4096

struct preload_plan {
    enum preload_change change;
    enum untraced_reason reason; /* UNTRACED_NONE: as far as its file is concerned, it can be traced */
    bool is_ours;                /* not that of another session */
    const char *program;         /* NULL: not known; it is taken for one that can be traced */
    char *found;                 /* the caller's PRELOAD_PROGRAM_BYTES, where a name has to be made */
};

/* What to do for the program at `path` (looked up in PATH when `search`; may be `found`; NULL: not known),
 * which must stay as it is until the plan is announced. */
void preload_plan(struct preload_plan *plan, const char *path, bool search, char *const environment[]);
/* As above for a program below the folder that is open as `fd`; "": for that file itself. */
void preload_plan_at(struct preload_plan *plan, int fd, const char *path, char *const environment[]);

#define PRELOAD_FD_BYTES 32
/* A name for what is open as `fd`. */
void preload_fd_path(int fd, char path[PRELOAD_FD_BYTES]);
/* Makes of a folder's name (empty: the working directory) that of a path as seen from there. False: too long.
 */
bool preload_join(char folder[PRELOAD_PROGRAM_BYTES], const char *path);

#define PRELOAD_PID_UNKNOWN 0
/* Tells the session of a program that runs untraced, in this process soon or in a child that has started. */
void preload_announce(const struct preload_plan *plan, uint32_t pid);

/* Bytes that preload_build needs. */
size_t preload_bytes(char *const environment[]);
/* Builds the changed environment in `memory`, which must live until the exec. */
char **preload_build(enum preload_change change, char *const environment[], void *memory);
/* `environment` as the program is to get it. A macro, because the memory is the calling function's. */
#define PRELOAD_PREPARED(plan, environment)                                                                  \
    ((plan)->change == PRELOAD_KEEP                                                                          \
         ? (environment)                                                                                     \
         : preload_build((plan)->change, environment, alloca(preload_bytes(environment))))

/* Before the C library starts a shell by itself, with this process' environment: where that shell must run
 * without the shim, takes it out of there, for good; what else is preloaded stays. Announces it, also where
 * the program had cleared its environment. Not between vfork and exec. */
void preload_before_shell(void);

#endif
