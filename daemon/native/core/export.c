/* export.c — what the daemon calls over FFI (see export.h) of the session and its books. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/native/core/core.h"
#include "daemon/native/core/drain.h"
#include "daemon/native/core/export.h"
#include "daemon/native/core/guard.h"
#include "daemon/native/core/largest.h"
#include "daemon/native/core/walk.h"

static void destroy(struct core *core) {
    for (uint32_t i = 0; i < core->count; i++)
        process_free(core->processes[i]);
    archive_close(&core->archive);
    free(core->processes);
    free(core->active.items);
    free(core->reports.items);
    free(core->heirs.items);
    if (core->epoll >= 0)
        close(core->epoll);
    session_close(&core->session);
    pthread_mutex_destroy(&core->state);
    pthread_mutex_destroy(&core->draining);
    free(core);
}

/* Makes the session's files in `directory` and holds its life sign for as long as the calling thread lives.
 * NULL on failure, with the reason in `why`. */
EXPORT struct core *core_create(const char *directory, uint32_t on_full, char *why, uint32_t why_bytes) {
    struct core *core = calloc(1, sizeof *core);
    if (!core) {
        snprintf(why, why_bytes, "out of memory");
        return NULL;
    }
    archive_init(&core->archive);
    guard_install();
    pthread_mutexattr_t again; /* between core_hold and core_release the same thread asks */
    pthread_mutexattr_init(&again);
    pthread_mutexattr_settype(&again, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&core->state, &again);
    pthread_mutexattr_destroy(&again);
    pthread_mutex_init(&core->draining, NULL);
    core->epoll = epoll_create1(EPOLL_CLOEXEC);
    const char *problem = session_create(&core->session, directory, on_full);
    if (problem) {
        snprintf(why, why_bytes, "%s: %s", problem, strerror(errno));
        destroy(core);
        return NULL;
    }
    return core;
}

/* Before the first program starts: which ones are traced, lists of patterns as in struct control. False: a
 * list is too long. */
EXPORT bool core_select(struct core *core, const char *only, uint32_t only_bytes, const char *exclude,
                        uint32_t exclude_bytes) {
    struct control *control = core->session.control;
    if (only_bytes >= SELECTION_BYTES || exclude_bytes >= SELECTION_BYTES)
        return false;
    memcpy(control->only, only, only_bytes);
    memcpy(control->exclude, exclude, exclude_bytes);
    return true;
}

/* Before the first program starts: stacks of Python objects hold native frames, too. */
EXPORT void core_python_native(struct core *core) {
    __atomic_store_n(&core->session.control->python_native, 1, __ATOMIC_RELEASE);
}

/* The clock of all times in records. */
EXPORT double core_now_ms(void) {
    return (double)session_ns() / 1e6;
}

/* Reads events for about `ms`. One call at a time. */
EXPORT double core_drain(struct core *core, uint32_t ms) {
    prctl(PR_SET_NAME, "memtrace-drain"); /* a thread of Node's pool, another one each time: for top -H */
    return (double)drain_for(core, ms);
}

/* Shims detach for good; what waits for room in a ring goes on. */
EXPORT void core_stop(struct core *core) {
    core_lock(core);
    session_stop(&core->session);
    for (uint32_t i = 0; i < core->active.count; i++) {
        const struct process *process = core->processes[core->active.items[i]];
        if (!process->segment.base)
            continue;
        segment_enter(&process->segment);
        rings_wake_all(process);
        segment_leave(&process->segment);
    }
    core_unlock(core);
}

/* Makes a drain that runs, or is about to, return soon; for good. */
EXPORT void core_interrupt(struct core *core) {
    __atomic_store_n(&core->closing, 1, __ATOMIC_RELEASE);
    session_ring(&core->session);
}

/* Makes a drain that runs end with one more round, or the next one with its first. */
EXPORT void core_hurry(struct core *core) {
    __atomic_store_n(&core->hurry, 1, __ATOMIC_RELEASE);
    session_ring(&core->session);
}

/* Makes a drain that runs, or else the next one, end with its present round. */
EXPORT void core_enough(struct core *core) {
    __atomic_store_n(&core->enough, 1, __ATOMIC_RELEASE);
    session_ring(&core->session);
}

/* Stops and frees everything. No other call may run or follow. */
EXPORT void core_close(struct core *core) {
    core_stop(core);
    destroy(core);
}

/* Process images that found no room to be announced, or could not be followed: nothing else is known of them.
 */
EXPORT uint32_t core_refused(struct core *core) {
    return __atomic_load_n(&core->session.registry->refused, __ATOMIC_RELAXED);
}

/* Until core_release, by the same thread, nothing changes: all that it asks for is of one moment. The drain
 * waits, and the programs may with it. */
EXPORT void core_hold(struct core *core) {
    core_lock(core);
}

EXPORT void core_release(struct core *core) {
    core_unlock(core);
}

/* How many records core_changes may give now. */
EXPORT uint32_t core_change_count(struct core *core) {
    core_lock(core);
    uint32_t count = core->reports.count;
    core_unlock(core);
    return count;
}

/* The records of all processes that run or have changed since the last call: one that has ended comes once.
 */
EXPORT uint32_t core_changes(struct core *core, struct process_record *out, uint32_t capacity) {
    core_lock(core);
    uint32_t count = 0;
    for (uint32_t i = core->reports.count; i-- > 0 && count < capacity;) {
        struct process *process = core->processes[core->reports.items[i]];
        process_fill_record(process, &out[count++]);
        if (!process->record.ended_ns && (process->record.state != PROCESS_UNTRACED || process->record.pid))
            continue;
        process->in_reports = false;
        index_list_remove_at(&core->reports, i);
    }
    core_unlock(core);
    return count;
}

/* The sites in columns of `capacity` items each: the stack's node, the kind, and one column after the other
 * the SITE_COUNTERS counters in the order of struct site_record; and the record of the process as it is with
 * them. Returns how many there are, at most `capacity`. */
EXPORT uint32_t core_sites(struct core *core, uint32_t index, uint32_t *node, uint8_t *kind, double *counters,
                           uint32_t capacity, struct process_record *record) {
    core_lock(core);
    if (index >= core->count) {
        core_unlock(core);
        return 0;
    }
    struct process *process = core->processes[index];
    process_fill_record(process, record);
    uint32_t count = process->sites.count < capacity ? process->sites.count : capacity;
    for (uint32_t i = 0; i < count; i++) {
        struct site_record site = sites_record(&process->sites, i);
        const uint64_t values[SITE_COUNTERS] = {site.live_bytes,      site.live_blocks, site.total_bytes,
                                                site.total_blocks,    site.peak_bytes,  site.peak_blocks,
                                                site.temporary_blocks};
        node[i] = site.stack;
        kind[i] = (uint8_t)site.kind;
        for (uint32_t column = 0; column < SITE_COUNTERS; column++)
            counters[(size_t)column * capacity + i] = (double)values[column];
    }
    core_unlock(core);
    return count;
}

struct listing {
    const struct process *process;
    struct block_record *out;
    uint32_t count;
    uint32_t capacity;
};

static void list_block(void *context, uint64_t address, const struct block *block) {
    struct listing *list = context;
    if (list->count >= list->capacity)
        return;
    const struct site *site = &list->process->sites.items[block->site];
    list->out[list->count++] =
        (struct block_record){address, block->size, session_ns_at(block->birth_us), site->stack, site->kind};
}

/* The live blocks of a process that runs: heap and Python. */
EXPORT uint32_t core_blocks(struct core *core, uint32_t index, struct block_record *out, uint32_t capacity) {
    struct process *process = export_enter(core, index);
    if (!process)
        return 0;
    struct listing list = {process, out, 0, capacity};
    blocks_each(&process->blocks, list_block, &list);
    blocks_each(&process->python_blocks, list_block, &list);
    export_leave(core, process);
    return list.count;
}

/* The largest live blocks, of a process that has ended those that lived then; `out` has room for
 * LARGEST_BLOCKS. */
EXPORT uint32_t core_largest(struct core *core, uint32_t index, struct block_record *out) {
    struct process *process = export_enter(core, index);
    if (!process)
        return 0;
    uint32_t count = process->largest_count;
    if (process->record.state == PROCESS_RUNNING)
        count = largest_find(&process->blocks, &process->python_blocks, &process->sites, out);
    else if (count)
        memcpy(out, process->largest, count * sizeof *out);
    export_leave(core, process);
    return count;
}

/* Fills `out` with as many of these as it has room for; returns how many there are. */
static uint32_t give_holdings(const struct holding_record *items, uint32_t count,
                              const struct holdings *wanted, struct holding_record *out, uint32_t capacity) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (wanted->chosen && (items[i].site >= wanted->chosen_count || !wanted->chosen[items[i].site]))
            continue;
        if (found < capacity)
            out[found] = items[i];
        found++;
    }
    return found;
}

/* What lives at the chosen sites (a byte for each, not 0: chosen; NULL: all), by age and size, mappings among
 * it; of a process that has ended what lived then. Returns how many records there are: with more than
 * `capacity` the rest is missing. Takes its time for a large heap, while the drain goes on. */
EXPORT uint32_t core_holdings(struct core *core, uint32_t index, const uint8_t *chosen, uint32_t chosen_count,
                              struct holding_record *out, uint32_t capacity) {
    struct holdings holdings = {.chosen = chosen, .chosen_count = chosen_count};
    uint32_t count = 0;
    if (walk_holdings(core, index, &holdings)) {
        holdings_pack(&holdings);
        if (!holdings.failed)
            count = give_holdings(holdings.items, holdings.count, &holdings, out, capacity);
    } else {
        core_lock(core);
        if (index < core->count)
            count = give_holdings(core->processes[index]->holdings, core->processes[index]->holdings_count,
                                  &holdings, out, capacity);
        core_unlock(core);
    }
    holdings_free(&holdings);
    return count;
}

EXPORT uint32_t core_threads(struct core *core, uint32_t index, struct thread_record *out,
                             uint32_t capacity) {
    struct process *process = export_enter(core, index);
    if (!process)
        return 0;
    uint32_t count = threads_records(&process->threads, out, capacity);
    export_leave(core, process);
    return count;
}

EXPORT uint32_t core_sizes(struct core *core, uint32_t index, struct size_record *out, uint32_t capacity) {
    struct process *process = export_enter(core, index);
    if (!process)
        return 0;
    uint32_t count = process->sizes_count < capacity ? process->sizes_count : capacity;
    if (count)
        memcpy(out, process->sizes, count * sizeof *out);
    export_leave(core, process);
    return count;
}

/* The executable's path followed by the command line, arguments ended by NUL; `out` has room for INFO_BYTES.
 * Returns the length of the path; that of the command line goes to `command_bytes`. */
EXPORT uint32_t core_info(struct core *core, uint32_t index, uint8_t *out, uint32_t *command_bytes) {
    *command_bytes = 0;
    struct process *process = export_enter(core, index);
    if (!process)
        return 0;
    uint32_t executable_bytes = 0;
    const struct segment *segment = &process->segment;
    if (process->path) {
        executable_bytes = (uint32_t)strlen(process->path);
        memcpy(out, process->path, executable_bytes);
    } else if (segment->executable) {
        executable_bytes = segment->fixed.executable_bytes;
        *command_bytes = segment->fixed.command_bytes;
        memcpy(out, segment->executable, executable_bytes);
        memcpy(out + executable_bytes, segment->command, *command_bytes);
    }
    export_leave(core, process);
    return executable_bytes;
}
