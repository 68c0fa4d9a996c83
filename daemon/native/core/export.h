/* export.h — the functions that the daemon calls over FFI; all records are those of proto/records.h.
 *
 * Each may be called from any thread at any time between core_create and core_close, also during core_drain.
 * An index that does not exist gives nothing. Arrays are filled up to their capacity; the count is returned.
 */
#ifndef MEMTRACE_CORE_EXPORT_H
#define MEMTRACE_CORE_EXPORT_H

#include "daemon/native/core/core.h"

#define EXPORT __attribute__((visibility("default")))

/* The process and the right to read it and its segment until export_leave; NULL, and nothing to leave, when
 * it does not exist. */
static inline struct process *export_enter(struct core *core, uint32_t index) {
    core_lock(core);
    if (index >= core->count) {
        core_unlock(core);
        return NULL;
    }
    segment_enter(&core->processes[index]->segment);
    return core->processes[index];
}

static inline void export_leave(struct core *core, struct process *process) {
    if (!segment_leave(&process->segment))
        process_corrupt(process);
    core_unlock(core);
}

#endif
