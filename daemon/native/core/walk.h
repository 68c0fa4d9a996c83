/* walk.h — a walk over the live blocks of a process that runs, in parts: the drain goes on in between, so
 * that whoever asks never makes the program wait for a walk over all of a large heap.
 *
 * What lives all the while is met exactly once; what comes or goes meanwhile may or may not be met.
 */
#ifndef MEMTRACE_CORE_WALK_H
#define MEMTRACE_CORE_WALK_H

#include "daemon/native/core/core.h"
#include "daemon/native/core/holdings.h"

/* Counts what lives; the caller does not hold `state`. False when the process has ended, perhaps on the way:
 * what was counted is then to be thrown away. */
bool walk_holdings(struct core *core, uint32_t index, struct holdings *holdings);

#endif
