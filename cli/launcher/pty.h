/* pty.h — a terminal of the program's own, while a viewer has the caller's (`run --tui`).
 *
 * What the program writes goes into a file of the session, of bounded size, that the viewer reads. When the
 * viewer has left, the end of it and all that follows goes to the caller's terminal, and what is typed there
 * goes to the program. Descriptors of the caller that are no terminal stay the program's own.
 */
#ifndef MEMTRACE_LAUNCHER_PTY_H
#define MEMTRACE_LAUNCHER_PTY_H

#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

#define PTY_FDS 2

struct pty {
    int master;          /* -1: there is none, the program has the caller's terminal */
    int slave;           /* -1 once the program has it */
    int terminal;        /* the caller's, non-blocking */
    int copy;            /* what the viewer reads; -1: nobody can */
    off_t room;          /* bytes that the copy may have */
    char path[PATH_MAX]; /* of the copy */
    bool shown;          /* the viewer has left */
    bool ended;          /* no process has it open any more */
};

/* Stands for no pty: everything below does nothing then. */
void pty_none(struct pty *pty);

/* Makes it, with the copy in `folder`. 0, else the exit code after having said why. */
int pty_open(struct pty *pty, const char *folder);

/* In the child that becomes the program: its controlling terminal, and those of 0–2 that were a terminal. */
void pty_become(const struct pty *pty);

/* In the launcher, once the program has started. */
void pty_started(struct pty *pty);

/* The size of the caller's terminal becomes its own; the kernel tells the program. */
void pty_resize(const struct pty *pty);

/* The process group that keys such as ^C go to; -1 for none. */
pid_t pty_group(const struct pty *pty);

/* Fills in what to wait for. */
void pty_prepare(const struct pty *pty, struct pollfd wait[PTY_FDS]);

/* Moves what can be moved without blocking. */
void pty_pump(struct pty *pty);

/* The viewer has left: shows the end of what there was, and from now on everything. */
void pty_show(struct pty *pty);

#endif
