/* relay.h — carries what the daemon writes to its stderr to the caller's.
 *
 * The daemon is not given the caller's stderr itself: Node changes the mode of a terminal and the flags of a
 * pipe that the program uses at the same time. Never blocks: signals must be passed on meanwhile.
 */
#ifndef MEMTRACE_LAUNCHER_RELAY_H
#define MEMTRACE_LAUNCHER_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

struct relay {
    int from; /* non-blocking read end; -1 once it has ended */
    size_t start, end;
    char buffer[4096]; /* PIPE_BUF: a pipe that polls writable takes it whole */
};

/* Takes ownership of `from`. */
void relay_open(struct relay *relay, int from);

/* Fills in what to wait for: the input while there is room, else stderr. */
void relay_prepare(const struct relay *relay, struct pollfd *wait);

/* Moves what can be moved without blocking. */
void relay_pump(struct relay *relay);

/* Nothing is held, and nothing waits in the pipe. */
bool relay_is_empty(const struct relay *relay);

#endif
