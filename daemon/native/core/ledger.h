/* ledger.h — what an event means: the counters of its process, site, thread and size class.
 *
 * Events come in the order of their tickets for each address (order.h), in no particular order otherwise.
 */
#ifndef MEMTRACE_CORE_LEDGER_H
#define MEMTRACE_CORE_LEDGER_H

#include "daemon/native/core/process.h"

/* Takes one event as it comes out of a ring: applies it, and those that waited for it, or sets it aside. */
void ledger_take(struct process *process, const struct change *change, uint64_t now_us);

/* Two events that follow each other in one ring, when they are the whole life of a small block, made and
 * freed by the same thread, and nothing waits for them: only totals remain of it. False when they must be
 * taken one by one. The result is the same, for a third of the work: half of what many programs allocate is
 * such. */
bool ledger_take_pair(struct process *process, const struct change *made, const struct change *freed);

/* Gives up tickets that events have been waiting for since before `before_us`; UINT64_MAX: all. */
void ledger_give_up(struct process *process, uint64_t before_us);

#endif
