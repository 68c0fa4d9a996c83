/* process.h — a process that is attached to nothing: the areas of a segment in memory of its own, so that the
 * shim's tables can be filled without a session. Once in each program. */
#ifndef MEMTRACE_TEST_TABLES_PROCESS_H
#define MEMTRACE_TEST_TABLES_PROCESS_H

#include <stdint.h>

#include "shim/thread.h"

/* With room for so many nodes and bytes of code records. */
void process_invent(uint32_t nodes, uint32_t code_bytes);

/* … and after that for so many rings. */
void process_invent_rings(uint32_t rings);

/* All of it, of a session that does with full rings what `on_full` says and whose daemon sleeps: the one
 * thread's state. */
struct thread *process_invent_thread(enum on_full on_full);

#endif
