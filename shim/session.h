/* session.h — the session that this library was preloaded from: its files, its daemon, its registry.
 *
 * What leads to it survives a fork; process->control and process->registry, which it sets, are those of one
 * image (process.h). Never allocates; its paths are short, for hooks may run on a small signal stack.
 */
#ifndef MEMTRACE_SHIM_SESSION_H
#define MEMTRACE_SHIM_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/session.h"

#define SESSION_PATH_BYTES 256 /* those of memtrace are below 60 */

/* The session is where LD_PRELOAD found this library. False: it was loaded otherwise. */
bool session_find(void);
/* Maps what all its processes share. False: it cannot be reached, or it is over. After session_find. */
bool session_map(void);

/* The path under which the session preloaded this library, or NULL. */
const char *session_shim_path(void);
/* May none of its files be opened any more: in another root directory, or as another user? */
bool session_is_out_of_reach(void);
/* Where a segment is, into SESSION_PATH_BYTES. */
void session_segment_path(char *out, uint32_t ticket);

/* Is the daemon gone? Looks at the session's sign of life. */
bool session_daemon_died(void);
bool session_daemon_sleeps(void);
/* Wakes the daemon where it sleeps, or is about to. */
void session_ring_doorbell(void);

/* A place in the registry, to be published. NULL: there is none, which is counted. */
struct registry_entry *session_claim_entry(void);
void session_publish_untraced(struct registry_entry *entry, enum untraced_reason reason, const char *path);
/* Tells the daemon of a program that is about to run untraced in this process, or runs in a child of it:
 * `pid`, 0 where that is not known. Once the system may not be asked (os_be_silent) it is told without one.
 */
void session_announce_untraced(uint32_t pid, enum untraced_reason reason, const char *path);

#endif
