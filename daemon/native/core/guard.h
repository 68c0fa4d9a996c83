/* guard.h — reading a file mapping that someone else may truncate.
 *
 * A read past the end of a truncated file, or of a hole that a full tmpfs cannot fill, raises SIGBUS. Between
 * guard_enter and guard_leave such a page is replaced by zeros and remembered, so that the daemon goes on.
 */
#ifndef MEMTRACE_CORE_GUARD_H
#define MEMTRACE_CORE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* Installs the handler; once for the process. Faults elsewhere go to the handler that was there. */
void guard_install(void);
/* Protects this thread's accesses to the mapping. Not nested. */
void guard_enter(void *base, size_t bytes);
/* Ends the protection; true when a page was missing. */
bool guard_leave(void);

#endif
