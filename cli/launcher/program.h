/* program.h — the traced program: found, looked at, started exactly as the caller would have started it. */
#ifndef MEMTRACE_LAUNCHER_PROGRAM_H
#define MEMTRACE_LAUNCHER_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "cli/launcher/pty.h"
#include "cli/launcher/signals.h"
#include "proto/session.h"

struct program {
    char **argv;         /* of the program; ends the launcher's own */
    char path[PATH_MAX]; /* what PATH leads to */
    enum untraced_reason untraced;
    pid_t pid;
    bool ended;
    int status; /* as waitpid has it, once ended */
};

/* Finds it and looks at it. 0; else the exit code (125 cannot be traced, 126, 127) after having said why. */
int program_find(struct program *program, bool allow_untraced);

/* Starts it with `environment`, everything else as the caller had it but for the terminal where it gets one
 * of its own. 0; else the exit code after having said why, with the error of exec in `*error`. */
int program_start(struct program *program, char **environment, const struct caller_signals *caller,
                  const struct pty *pty, int *error);

/* Notes its end if it has ended; stops with it if it has stopped itself. */
void program_reap(struct program *program);

/* Its exit code, or 128 + the signal that ended it. */
int program_exit_code(const struct program *program);

#endif
