/* preload.h — the environment that a program about to be executed gets.
 *
 * Runs between vfork and exec: on the caller's stack, no allocation, no lock. The one thing that may differ
 * from what the program asked for is LD_PRELOAD.
 */
#ifndef MEMTRACE_SHIM_PRELOAD_H
#define MEMTRACE_SHIM_PRELOAD_H

#include <stddef.h>
#include <stdbool.h>

enum preload_change {
    PRELOAD_KEEP,  /* the environment is right as it is */
    PRELOAD_ADD,   /* the program cleared it: put the shim back in front */
    PRELOAD_REMOVE /* the shim would harm that program, a sandbox would kill for it, or tracing is over */
};

/* What to do for the program at `path` (looked up in PATH when `search`). Announces one that must run
 * untraced. */
enum preload_change preload_decide(const char *path, bool search, char *const environment[]);
/* As above for a program given by a descriptor. */
enum preload_change preload_decide_fd(int fd, char *const environment[]);

/* Bytes that preload_build needs. */
size_t preload_bytes(char *const environment[]);
/* Builds the changed environment in `memory`, which must live until the exec. */
char **preload_build(enum preload_change change, char *const environment[], void *memory);

/* Before the C library starts a shell by itself, with this process' environment: where that shell must run
 * without the shim, takes it out of there, for good. What else is preloaded stays. Not between vfork and
 * exec. */
void preload_before_shell(void);

#endif
