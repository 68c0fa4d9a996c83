/* viewer.h — `memtrace top` on the caller's terminal while the program runs (`run --tui`).
 *
 * It is a client like any other: its end changes nothing for the program.
 */
#ifndef MEMTRACE_LAUNCHER_VIEWER_H
#define MEMTRACE_LAUNCHER_VIEWER_H

#include <stdbool.h>
#include <sys/types.h>

#include "cli/launcher/signals.h"

struct viewer {
    pid_t pid; /* -1: there is none */
    bool ended;
};

/* Starts it for the session whose folder this is, in our process group: it must be the terminal's foreground.
 * `output` is the file with what the program writes; `keys_only` leaves the mouse to the terminal. Failure is
 * no error. */
void viewer_start(struct viewer *viewer, const char *folder, const char *output, bool keys_only,
                  const struct caller_signals *caller);

/* Notes its end if it has ended. */
void viewer_reap(struct viewer *viewer);

#endif
