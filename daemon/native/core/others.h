/* others.h — events that are not of the heap: mappings, and the blocks of the Python interpreter's own
 * allocator.
 */
#ifndef MEMTRACE_CORE_OTHERS_H
#define MEMTRACE_CORE_OTHERS_H

#include "daemon/native/core/process.h"

/* Applies an EVENT_MAP, EVENT_UNMAP or EVENT_CANCEL. */
void others_apply(struct process *process, const struct change *change, uint64_t now_us);

#endif
