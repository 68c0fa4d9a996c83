/* select.h — which programs of the tree are traced (--only, --exclude). Any thread; bare system calls only.
 *
 * A program that was excluded keeps the shim, passive: what it starts may be traced again.
 */
#ifndef MEMTRACE_SHIM_SELECT_H
#define MEMTRACE_SHIM_SELECT_H

#include <stdbool.h>

#include "proto/session.h"

/* Is this process image one that the user wants to see? `executable` is its path. */
bool select_traces(const struct control *control, const char *executable);

#endif
