/* process.c — see process.h. */
#define _GNU_SOURCE
#include "daemon/native/core/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/native/core/holdings.h"
#include "daemon/native/core/kernel.h"
#include "daemon/native/core/largest.h"
#include "daemon/native/core/ledger.h"

#define FORKS_LIMIT      4096u /* forks remembered whose child never came */
#define DESCRIPTORS_KEPT 16u   /* free, for segments, /proc, files of symbols, viewers */

/* Is this pid still that of the process? Where the kernel cannot be asked, yes: a pid is soon asked again,
 * and a process that is taken for dead is read no more. */
static bool is_the_same(const struct process *process, const struct kernel_state *now) {
    return !now->known || (now->state && kernel_started_by(now, process->segment.fixed.start_ticks));
}

/* A pidfd for each process would leave none for what must be opened; they are given out from below. */
static bool is_one_too_many(int fd) {
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)fd + DESCRIPTORS_KEPT >= limit.rlim_cur;
}

/* A number of another namespace is never taken for a pid here: that is another process. */
static bool find_here(struct process *process, uint64_t own_namespace) {
    struct process_record *record = &process->record;
    if (!own_namespace || process->pid_namespace == own_namespace)
        return true;
    record->pid =
        kernel_find_pid(record->own_pid, process->pid_namespace, process->segment.fixed.start_ticks);
    record->parent_pid = record->pid ? kernel_state_of(record->pid).parent_pid : 0;
    return record->pid != 0;
}

bool process_is_same(const struct process *a, const struct process *b) {
    return a->record.own_pid == b->record.own_pid && a->pid_namespace == b->pid_namespace;
}

bool process_watch(struct process *process, uint64_t own_namespace) {
    if (!find_here(process, own_namespace))
        return false;
    process->pidfd = (int)syscall(SYS_pidfd_open, process->record.pid, 0);
    if (process->pidfd < 0 && errno == ESRCH)
        return false;
    if (process->pidfd >= 0 && is_one_too_many(process->pidfd)) {
        close(process->pidfd);
        process->pidfd = -1;
    }
    struct kernel_state now = kernel_state_of(process->record.pid);
    return is_the_same(process, &now);
}

/* A zombie has the same start time: it is found by its state. */
bool process_runs(const struct process *process) {
    struct kernel_state now = kernel_state_of(process->record.pid);
    return is_the_same(process, &now) && now.state != 'Z' && now.state != 'X';
}

static bool make_room(struct process *process) {
    process->owners.sites = &process->sites;
    blocks_init(&process->blocks, &process->owners, monotonic_us());
    blocks_init(&process->python_blocks, &process->owners, monotonic_us());
    process->sizes = calloc(SIZE_CLASSES, sizeof *process->sizes);
    process->sizes_count = SIZE_CLASSES;
    return process->sizes && order_init(&process->order) &&
           array_reserve(&process->threads.items, &process->threads.capacity, 4,
                         sizeof *process->threads.items) &&
           array_reserve(&process->threads.owner, &process->threads.owner_capacity, 4, sizeof(uint32_t));
}

/* What there may be again soon. */
static bool is_scarce(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

struct process *process_create(uint32_t index, const struct registry_entry *entry, int directory, bool last) {
    struct process *process = calloc(1, sizeof *process);
    if (!process)
        return NULL;
    process->pidfd = -1;
    process->pid_namespace = entry->pid_namespace;
    struct process_record *record = &process->record;
    *record = (struct process_record){.index = index,
                                      .ticket = entry->ticket,
                                      .pid = entry->pid,
                                      .parent_pid = entry->parent_pid,
                                      .own_pid = entry->pid,
                                      .parent_index = UINT32_MAX,
                                      .started_ns = session_ns()};
    if (entry->state == REGISTRY_UNTRACED) {
        record->state = PROCESS_UNTRACED;
        record->untraced_reason = entry->reason;
        process->path = strndup((const char *)entry->path, entry->path_bytes);
        return process;
    }
    record->state = PROCESS_RUNNING;
    if (!make_room(process)) {
        process_free(process);
        return NULL;
    }
    enum segment_attached attached = segment_attach(&process->segment, directory, entry->ticket);
    if (attached == SEGMENT_OUT_OF_REACH) {
        record->unread_error = (uint32_t)errno;
        if (is_scarce(errno) && !last) {
            process_free(process);
            return NULL;
        }
        segment_disown(directory, entry->ticket);
        record->flags |= PROCESS_UNREAD;
    }
    if (attached != SEGMENT_ATTACHED) {
        process_corrupt(process);
        process->path = kernel_executable(record->pid);
        return process;
    }
    const struct segment_header *header = &process->segment.fixed;
    record->origin = header->origin == ORIGIN_FORK ? ORIGIN_FORK : ORIGIN_EXEC;
    record->started_ns = session_ns_of(header->started_ns);
    process->inherits = record->origin == ORIGIN_FORK && header->fork_serial;
    return process;
}

void process_corrupt(struct process *process) {
    process->record.flags |= PROCESS_CORRUPT;
    process->segment.damaged = true;
}

void process_abandon(struct process *process) {
    struct segment_header *header = (struct segment_header *)process->segment.base;
    __atomic_store_n(&header->abandoned, 1, __ATOMIC_RELEASE);
    rings_wake_all(process);
}

static void free_running_state(struct process *process) {
    order_free(&process->order);
    blocks_free(&process->blocks);
    blocks_free(&process->python_blocks);
    owners_free(&process->owners);
    maps_free(&process->maps);
    strays_free(&process->strays);
    free(process->rings.items);
    free(process->rings.busy);
    process->rings = (struct rings){0};
    if (process->pidfd >= 0)
        close(process->pidfd);
    process->pidfd = -1;
}

static void seal_sizes(struct process *process) {
    while (process->sizes_count && !process->sizes[process->sizes_count - 1].total_blocks)
        process->sizes_count--;
    uint32_t capacity = SIZE_CLASSES;
    array_shrink(&process->sizes, &capacity, process->sizes_count, sizeof *process->sizes);
}

static void keep_largest(struct process *process, struct archive *archive) {
    struct block_record found[LARGEST_BLOCKS];
    uint32_t count = largest_find(&process->blocks, &process->python_blocks, &process->sites, found);
    process->largest = archive_keep(archive, found, count * sizeof *found);
    process->largest_count = process->largest ? count : 0;
}

static void keep_holdings(struct process *process, struct archive *archive) {
    struct holdings holdings = {.now_us = monotonic_us()};
    blocks_each(&process->blocks, holdings_visit, &holdings);
    blocks_each(&process->python_blocks, holdings_visit, &holdings);
    holdings_of_maps(&holdings, &process->maps);
    holdings_pack(&holdings);
    if (!holdings.failed)
        process->holdings = archive_keep(archive, holdings.items, holdings.count * sizeof *holdings.items);
    process->holdings_count = process->holdings ? holdings.count : 0;
    holdings_free(&holdings);
}

void process_end(struct process *process, struct archive *archive, int directory) {
    if (process->segment.base) {
        segment_enter(&process->segment);
        if (!process_is_corrupt(process))
            ledger_give_up(process, UINT64_MAX);
        process->record.lost += rings_lost(process);
        process_abandon(process);
        if (!segment_leave(&process->segment))
            process_corrupt(process);
    }
    process->record.skipped_orders = process->order.skipped;
    keep_largest(process, archive);
    keep_holdings(process, archive);
    segment_seal(&process->segment, archive);
    sites_seal(&process->sites, archive);
    threads_seal(&process->threads);
    seal_sizes(process);
    free_running_state(process);

    char name[32];
    snprintf(name, sizeof name, "%s%u", SESSION_SEGMENT_FILE, process->record.ticket);
    unlinkat(directory, name, 0);
    process->record.state = PROCESS_ENDED;
    process->record.ended_ns = session_ns();
}

void process_forked(struct process *process, uint64_t serial) {
    if (!serial)
        return;
    if (process->forks_count == FORKS_LIMIT) { /* forget the oldest */
        process->forks_count--;
        memmove(process->forks, process->forks + 1, process->forks_count * sizeof *process->forks);
    }
    if (!array_reserve(&process->forks, &process->forks_capacity, (uint64_t)process->forks_count + 1,
                       sizeof *process->forks))
        return;
    const struct gauge *heap = &process->sites.gauge[SITE_HEAP];
    const struct process_record *record = &process->record;
    /* What it inherited itself is handed on, less what it freed of it; how large that was is not known. */
    uint64_t inherited = record->inherited_blocks > record->inherited_frees
                             ? record->inherited_blocks - record->inherited_frees
                             : 0;
    process->forks[process->forks_count++] = (struct fork_point){
        serial, heap->live_blocks + inherited, heap->live_bytes + (inherited ? record->inherited_bytes : 0)};
}

bool process_take_fork(struct process *process, uint64_t serial, struct fork_point *point) {
    for (uint32_t i = 0; i < process->forks_count; i++) {
        if (process->forks[i].serial != serial)
            continue;
        *point = process->forks[i];
        process->forks[i] = process->forks[--process->forks_count];
        return true;
    }
    return false;
}

/* What only the segment knows while the process runs. Within segment_enter. */
static void fill_from_segment(struct process *process, struct process_record *record) {
    const struct segment_header *header =
        process->segment.base ? (const void *)process->segment.base : &process->segment.fixed;
    if (__atomic_load_n(&header->exited, __ATOMIC_ACQUIRE) == 1) {
        record->flags |= PROCESS_HAS_EXIT_CODE;
        record->exit_code = header->exit_code;
        record->exit_rss_bytes = segment_counter(header->exit_rss_bytes);
        record->exit_peak_bytes = segment_counter(header->exit_peak_bytes);
    }
    uint32_t detached = __atomic_load_n(&header->detached, __ATOMIC_RELAXED);
    record->detach_reason = detached <= DETACH_UNREAD ? detached : DETACH_NONE;
    if (record->detach_reason)
        record->flags |= PROCESS_DETACHED;
    record->lost += segment_counter(header->lost);
    record->unrecorded = segment_counter(header->truncated_nodes);
    if (process->segment.base)
        record->lost += rings_lost(process);
    if (!process_is_corrupt(process)) {
        record->python_version = header->python_version;
        uint32_t refusal = __atomic_load_n(&header->python_refusal, __ATOMIC_RELAXED);
        record->python_refusal = refusal <= PYTHON_REFUSED_ALLOCATORS ? refusal : PYTHON_REFUSED_VERSION;
    }
    record->nodes = segment_nodes_complete(&process->segment);
    record->modules = segment_modules(&process->segment);
}

void process_fill_record(struct process *process, struct process_record *record) {
    *record = process->record;
    if (record->state == PROCESS_UNTRACED)
        return;
    if (process->segment.bytes) {
        segment_enter(&process->segment);
        fill_from_segment(process, record);
        if (!segment_leave(&process->segment))
            process_corrupt(process);
    }
    record->sites = process->sites.count;
    record->threads = process->threads.count;
    if (process->order.expected)
        record->skipped_orders = process->order.skipped;
    const struct gauge *heap = &process->sites.gauge[SITE_HEAP], *maps = &process->sites.gauge[SITE_MMAP];
    record->live_bytes = heap->live_bytes;
    record->live_blocks = heap->live_blocks;
    record->total_bytes = heap->total_bytes;
    record->peak_bytes = heap->peak_bytes;
    record->peak_blocks = heap->peak_blocks;
    record->mapped_bytes = maps->live_bytes;
    record->mapped_total_bytes = maps->total_bytes;
    record->mapped_peak_bytes = maps->peak_bytes;
    const struct gauge *python = &process->sites.gauge[SITE_PYTHON];
    record->python_live_bytes = python->live_bytes;
    record->python_live_blocks = python->live_blocks;
    record->python_total_bytes = python->total_bytes;
    record->python_peak_bytes = python->peak_bytes;
}

void process_free(struct process *process) {
    free_running_state(process);
    segment_free(&process->segment);
    sites_free(&process->sites);
    naming_free(&process->naming);
    threads_free(&process->threads);
    free(process->sizes);
    free(process->forks);
    free(process->path);
    free(process);
}
