/* signals.h — signals while a program runs: its own are the caller's, the launcher passes on what is sent to
 * it.
 *
 * Whoever started the launcher takes it for the program: a signal sent to the launcher alone is sent on. One
 * sent to the whole process group (^C, `kill %1`) has reached the program already. The two look alike, so a
 * witness in the same group is asked (witness.h).  Stops (^Z) keep their default meaning.
 */
#ifndef MEMTRACE_LAUNCHER_SIGNALS_H
#define MEMTRACE_LAUNCHER_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/types.h>

struct caller_signals {
    sigset_t mask;
    struct sigaction on_child;
};

/* Notes how the caller left them. Call it before anything else changes one. */
void signals_note(struct caller_signals *caller);

/* From here on every signal that is passed on waits to be read. Returns the descriptor to read from, -1 with
 * errno. */
int signals_take(void);

/* In the child that becomes the program: everything as the caller had it. */
void signals_give_back(const struct caller_signals *caller);

/* Reads the next one; false when none waits. */
bool signals_next(int fd, struct signalfd_siginfo *info);

/* Sends it on to the program. */
void signals_forward(const struct signalfd_siginfo *info, pid_t program);

/* One that asks a process to end. */
bool signals_asks_to_end(int signal);

#endif
