/* ledger.h — what an event means: the counters of its process, site, thread and size class.
 *
 * Events come in the order of their tickets for each address (order.h), in no particular order otherwise.
 */
#ifndef MEMTRACE_CORE_LEDGER_H
#define MEMTRACE_CORE_LEDGER_H

#include "daemon/native/core/process.h"

#define LEDGER_BATCH 32u

/* Takes at most LEDGER_BATCH events as they come out of one ring: applies each, and those that waited for it,
 * or sets it aside. */
void ledger_take(struct process *process, const struct change *batch, uint32_t count, uint64_t now_us);

/* Gives up tickets that events have been waiting for since before `before_us`; UINT64_MAX: all. */
void ledger_give_up(struct process *process, uint64_t before_us);

#endif
