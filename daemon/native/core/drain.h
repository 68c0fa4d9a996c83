/* drain.h — the loop around the rounds: when to read, when to sleep. */
#ifndef MEMTRACE_CORE_DRAIN_H
#define MEMTRACE_CORE_DRAIN_H

#include "daemon/native/core/core.h"

/* Reads for about `ms`; returns the number of events taken. One call at a time. */
uint64_t drain_for(struct core *core, uint32_t ms);

#endif
