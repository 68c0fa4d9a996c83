/* daemon.h — the daemon as the launcher sees it: a child of its own session, a socket with lines, its stderr.
 */
/* clang-format off: it would make a paragraph of this.
 *
 * Lines to the launcher, one, before the program starts:
 *   start INDEX refuse|allow plain|viewer|keys FOLDER
 *                       run argv[INDEX]; its shim is FOLDER/libmemtrace.so; a program that cannot be traced is
 *                       refused or allowed to run untraced; a viewer takes the caller's terminal (keys: all but
 *                       its mouse) or none does
 *   exit CODE           nothing is to be run; what there was to say has been said
 *   direct              nothing is to be run; give the command the caller's own terminal (help)
 * Lines to the daemon:
 *   failed ERRNO TEXT   the program was not started; the launcher has told the user
 *   untraced REASON     (enum untraced_reason) it runs without the shim
 *   pid N               it runs
 *   exit CODE           it ended by itself
 *   signal N            it was ended by a signal
 * An end of file without the last two means that the launcher is gone.
 */
/* clang-format on */
#ifndef MEMTRACE_LAUNCHER_DAEMON_H
#define MEMTRACE_LAUNCHER_DAEMON_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "cli/launcher/relay.h"

struct daemon {
    pid_t pid;
    int socket; /* -1 once the daemon has closed it */
    bool ended;
    bool stopped; /* by a signal, for now */
    int status;   /* as waitpid has it, once ended */
    struct relay relay;
};

enum daemon_answer { ANSWER_START, ANSWER_EXIT, ANSWER_DIRECT, ANSWER_DIED };

struct start {
    int index;
    bool allow_untraced;
    bool has_viewer;    /* the program gets a terminal of its own */
    bool has_keys_only; /* the viewer leaves the mouse to the terminal */
    int exit_code;      /* of ANSWER_EXIT and ANSWER_DIED */
    char folder[PATH_MAX];
};

/* Replaces this process by `node memtrace.cjs arguments…` with everything of the caller's. Returns only on
 * failure: the exit code, after having said why. */
int daemon_become(char **argv);

/* Starts the daemon for `argv`. 0, else the exit code after having said why. */
int daemon_start(struct daemon *daemon, char **argv);

/* Waits for its first line. */
enum daemon_answer daemon_wait_for_start(struct daemon *daemon, struct start *start);

/* Sends one line; a daemon that is gone is no error. */
void daemon_send(const struct daemon *daemon, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Notes its end if it has ended. */
void daemon_reap(struct daemon *daemon);

#endif
