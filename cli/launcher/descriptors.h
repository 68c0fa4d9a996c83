/* descriptors.h — the launcher's own descriptors, kept out of the way of the caller's.
 *
 * The program must see exactly the descriptors that the caller gave; the daemon none of them; the launcher
 * keeps none of them once the program runs, so that closing a pipe in the program closes it.
 */
#ifndef MEMTRACE_LAUNCHER_DESCRIPTORS_H
#define MEMTRACE_LAUNCHER_DESCRIPTORS_H

#include <stddef.h>

/* Moves `fd` to a high number with close-on-exec, never to 0–3. Returns it; -1 with errno, `fd` closed. */
int descriptors_hide(int fd);

/* socketpair and pipe2 of hidden descriptors. 0, or -1 with errno. */
int descriptors_socket_pair(int pair[2]);
int descriptors_pipe(int pair[2]);

/* Closes everything but `keep` (any order, -1 is skipped). */
void descriptors_close_all_but(const int *keep, size_t count);

/* Opens /dev/null as those of 0 and 1 that are closed, for reading: what is written there fails, as it would
 * have. Node.js opens it for both. */
void descriptors_fill_standard(void);

#endif
