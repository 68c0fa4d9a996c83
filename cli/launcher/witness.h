/* witness.h — tells a signal sent to the launcher alone from one sent to its whole process group.
 *
 * A tiny process of the same group that holds back every signal and says, when asked, whether it got that one
 * too. The kernel signals the younger members of a group first: what reached the launcher through the group
 * has reached the witness, and the program, before.
 */
#ifndef MEMTRACE_LAUNCHER_WITNESS_H
#define MEMTRACE_LAUNCHER_WITNESS_H

#include <stdbool.h>
#include <sys/types.h>

struct witness {
    pid_t pid;
    int socket;     /* -1: there is none, signals are judged by their sender */
    unsigned asked; /* questions so far */
};

/* Starts it, after signals_take. Failure is no error. */
void witness_start(struct witness *witness);

/* Whether `signal`, just received with this si_code, went to the whole group. */
bool witness_saw(struct witness *witness, int signal, int code);

/* Ends it. */
void witness_stop(struct witness *witness);

#endif
