/* process.c — attaching, the segment file, detaching. Rules: process.h.
 *
 * Runs inside malloc before main, and again in each forked child: bare system calls only.
 */
#define _GNU_SOURCE
#include "shim/process.h"

#include <errno.h>
#include <string.h>

#include "shim/nodes.h"
#include "shim/platform/modules.h"
#include "shim/platform/os.h"
#include "shim/select.h"
#include "shim/session.h"
#include "shim/stack_table.h"
#include "shim/thread.h"

struct process *process;

/* These survive a fork: they lead a child to its parent. */
static uint32_t last_ticket;
static __thread uint64_t
    fork_serial; /* of the fork this thread is in the middle of, or comes from; 0: unknown */
static uint32_t fork_count;
static bool excluded; /* its forks are a part of it */

/* Field 22 of /proc/self/stat, counted after the command name, which may hold spaces and brackets. */
static uint64_t start_ticks(void) {
    char *stat = process->text;
    int64_t n = os_read_file("/proc/self/stat", stat, sizeof process->text - 1);
    if (n <= 0)
        return 0;
    stat[n] = 0;
    const char *at = strrchr(stat, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    uint64_t ticks = 0;
    for (at = at ? at + 1 : ""; *at >= '0' && *at <= '9'; at++)
        ticks = ticks * 10 + (uint64_t)(*at - '0');
    return ticks;
}

/* A limit on memory or addresses is the program's: each table may take a part of it, and what then has no
 * room in one is counted. */
#define LIMIT_SHARE UINT64_C(64)
#define NODE_BYTES  (sizeof(struct node) + sizeof(uint32_t)) /* with its first child */
#define NODES_LEAST (UINT32_C(1) << 14)
#define CODES_LEAST (UINT32_C(1) << 16)
#define LIMIT_LEAST (NODES_LEAST * NODE_BYTES * LIMIT_SHARE)
#define LIMIT_MOST  (NODES_CAPACITY * NODE_BYTES * LIMIT_SHARE)

static uint32_t nodes_within(uint64_t limit) {
    uint32_t nodes = NODES_CAPACITY;
    while (nodes > NODES_LEAST && nodes * NODE_BYTES > limit / LIMIT_SHARE)
        nodes /= 2;
    return nodes;
}

static uint32_t codes_within(uint64_t limit) {
    uint32_t bytes = PYTHON_CODES_BYTES;
    while (bytes > CODES_LEAST && bytes > limit / LIMIT_SHARE)
        bytes /= 2;
    return bytes;
}

static uint64_t layout(struct segment_header *h, uint64_t limit) {
    uint64_t at = 4096;
    h->info_offset = at;
    h->modules_offset = at += INFO_BYTES;
    h->modules_capacity = MODULES_CAPACITY;
    h->strings_offset = at += MODULES_CAPACITY * sizeof(struct module);
    h->strings_bytes = STRINGS_BYTES;
    h->rings_offset = at += STRINGS_BYTES;
    h->rings_capacity = RINGS_CAPACITY;
    h->nodes_offset = at += RINGS_CAPACITY * sizeof(struct ring);
    h->nodes_capacity = nodes_within(limit);
    h->python_codes_offset = at += h->nodes_capacity * sizeof(struct node);
    h->python_codes_bytes = codes_within(limit);
    h->events_offset = at += h->python_codes_bytes;
    return at + (uint64_t)RINGS_CAPACITY * RING_BYTES;
}

static int open_segment(void) {
    char path[SESSION_PATH_BYTES];
    session_segment_path(path, process->ticket);
    return os_open(path, OS_READ_WRITE);
}

/* Without a descriptor where the system can do that (from Linux 5.14 on): it would stand in the program's
 * table for a moment, in which a thread that closes all it finds may close it and open a file of its own. */
static bool reserve(uint64_t offset, uint64_t bytes) {
    if (load_relaxed(&process->phase) == PROCESS_INSIDE)
        return true; /* zeros of its own: the segment is its parent's */
    int result = -EINVAL;
    if (offset + bytes <= process->mapped_bytes)
        result = os_populate(process->base + offset, bytes);
    if (result != -EINVAL)
        return result == 0;
    int fd = open_segment();
    if (fd < 0)
        return false;
    result = os_reserve(fd, offset, bytes);
    os_close(fd);
    return result == 0;
}

struct event *process_map_ring(uint32_t index, uint32_t events) {
    uint64_t offset = process->own.events_offset + (uint64_t)index * RING_BYTES;
    if (!reserve(offset, events * sizeof(struct event)))
        return NULL;
    if (index < process->rings_mapped)
        return (struct event *)(process->base + offset);
    int fd = open_segment();
    if (fd < 0)
        return NULL;
    struct event *mapped = os_map_file(fd, offset, RING_BYTES, true);
    os_close(fd);
    return mapped;
}

bool process_grow_ring(uint32_t index, uint32_t events) {
    return reserve(process->own.events_offset + (uint64_t)index * RING_BYTES, events * sizeof(struct event));
}

/* Makes the first `bytes` of an area usable. `reserved` is the area's mark in `process`. False: no room. */
static bool reserve_area(uint64_t area_offset, uint64_t *reserved, uint64_t bytes, uint64_t granule) {
    uint64_t have = load_acquire(reserved);
    if (likely(bytes <= have))
        return true;
    uint64_t want = (bytes + granule - 1) / granule * granule;
    if (!reserve(area_offset + have, want - have))
        return false;
    while (have < want &&
           !__atomic_compare_exchange_n(reserved, &have, want, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
    return true;
}

/* The same member of the header that the daemon reads. */
static void publish_count(const uint32_t *own, uint32_t count) {
    size_t offset = (size_t)((const uint8_t *)own - (const uint8_t *)&process->own);
    uint32_t *shared = (uint32_t *)((uint8_t *)process->segment + offset);
    uint32_t seen = load_relaxed(shared);
    while (seen < count &&
           !__atomic_compare_exchange_n(shared, &seen, count, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
}

uint32_t process_claim(uint32_t *count, uint32_t capacity, uint32_t items, uint64_t area_offset,
                       uint64_t *reserved, uint32_t item_bytes, uint64_t granule) {
    uint32_t first = load_relaxed(count);
    do
        if (first > capacity || capacity - first < items ||
            !reserve_area(area_offset, reserved, (uint64_t)(first + items) * item_bytes, granule))
            return CLAIM_NONE;
    while (!__atomic_compare_exchange_n(count, &first, first + items, false, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED));
    publish_count(count, first + items);
    return first;
}

void *process_inherit(struct process_range *range, uint64_t bytes) {
    if (range->bytes >= bytes)
        return range->base;
    void *fresh = os_map_private(bytes);
    if (fresh)
        process_bequeath(range, fresh, bytes);
    return fresh;
}

static bool map_segment(int fd, uint64_t limit, bool with_rings, struct segment_header *header) {
    uint64_t file_bytes = layout(header, limit);
    uint64_t start = header->modules_offset;
    if (os_set_length(fd, file_bytes) < 0 || os_reserve(fd, 0, start) < 0)
        return false;
    process->mapped_bytes = with_rings ? file_bytes : header->events_offset;
    process->rings_mapped = with_rings ? RINGS_CAPACITY : 0;
    process->base = os_map_file(fd, 0, process->mapped_bytes, true);
    if (!process->base)
        return false;
    if (nodes_start(header->nodes_capacity) && stack_table_start())
        return true;
    os_unmap(process->base, process->mapped_bytes);
    return false;
}

#define PAGE                4096
#define NODES_AHEAD_BYTES   (UINT64_C(4) << 20)
#define MODULES_AHEAD_BYTES 16384

void process_prepare_silence(void) {
    if (load_acquire(&process->phase) != PROCESS_TRACED || process->pid != os_pid())
        return;
    struct segment_header *own = &process->own;
    uint64_t nodes = (uint64_t)own->nodes * sizeof(struct node) + NODES_AHEAD_BYTES;
    reserve_area(own->nodes_offset, &process->nodes_reserved, nodes, PAGE);
    uint64_t modules = (uint64_t)own->modules * sizeof(struct module) + MODULES_AHEAD_BYTES;
    reserve_area(own->modules_offset, &process->modules_reserved, modules, PAGE);
    reserve_area(own->strings_offset, &process->strings_reserved, own->strings + MODULES_AHEAD_BYTES, PAGE);
}

/* Unmaps what lies behind the first `kept` items of an area. */
static void cut(void *area, uint32_t *capacity, uint32_t kept, size_t item_bytes) {
    uint32_t had = *capacity;
    if (kept >= had)
        return;
    store_release(capacity, kept);
    os_unmap((uint8_t *)area + (uint64_t)kept * item_bytes, (uint64_t)(had - kept) * item_bytes);
}

/* For threads that are just beginning. */
#define RINGS_KEPT_LEAST 1
#define RINGS_KEPT_MOST  16

static void cut_rings(uint64_t limit) {
    struct segment_header *own = &process->own;
    uint64_t kept = limit / LIMIT_SHARE / RING_BYTES;
    if (kept < RINGS_KEPT_LEAST)
        kept = RINGS_KEPT_LEAST;
    if (kept > RINGS_KEPT_MOST)
        kept = RINGS_KEPT_MOST;
    uint32_t rings = load_acquire(&own->rings) + (uint32_t)kept;
    if (rings >= process->rings_mapped)
        return;
    process->rings_mapped = rings;
    uint64_t end = own->events_offset + (uint64_t)rings * RING_BYTES;
    os_unmap(process->base + end, process->mapped_bytes - end);
    process->mapped_bytes = end;
}

void process_shrink(uint64_t limit) {
    if (!process || load_acquire(&process->phase) != PROCESS_TRACED || process->pid != os_pid())
        return;
    struct segment_header *own = &process->own;
    uint32_t nodes = nodes_within(limit), codes = codes_within(limit);
    while (nodes / 2 < load_acquire(&own->nodes))
        nodes *= 2;
    while (codes / 2 < load_acquire(&own->python_codes))
        codes *= 2;
    uint32_t had = own->nodes_capacity;
    cut(process->nodes, &own->nodes_capacity, nodes, sizeof(struct node)); /* first: now none is made there */
    nodes_cut(had, nodes);
    cut(process->python_codes, &own->python_codes_bytes, codes, 1);
    cut_rings(limit);
}

static void fill_info(struct segment_header *header) {
    char *info = (char *)process->base + header->info_offset;
    int64_t n = os_read_link("/proc/self/exe", info, INFO_COMMAND - 1);
    header->executable_bytes = n > 0 ? (uint32_t)n : 0;
    n = os_read_file("/proc/self/cmdline", info + INFO_COMMAND, INFO_BYTES - INFO_COMMAND);
    header->command_bytes = n > 0 ? (uint32_t)n : 0;
}

static bool create_segment(void) {
    char path[SESSION_PATH_BYTES];
    session_segment_path(path, process->ticket);
    int fd = os_open(path, OS_CREATE_NEW);
    if (fd < 0)
        return false;
    struct segment_header header = {.magic = SEGMENT_MAGIC,
                                    .version = SEGMENT_VERSION,
                                    .ticket = process->ticket,
                                    .pid = os_pid(),
                                    .parent_pid = os_parent_pid(),
                                    .parent_ticket = last_ticket,
                                    .origin = last_ticket ? ORIGIN_FORK : ORIGIN_EXEC,
                                    .fork_serial = fork_serial,
                                    .started_ns = os_realtime_ns(),
                                    .start_ticks = start_ticks(),
                                    .nodes = STACK_FIRST_NODE,
                                    .python_codes = PYTHON_CODES_START};
    uint64_t limit = os_memory_limit();
    bool mapped = map_segment(fd, limit, limit == OS_UNLIMITED, &header);
    for (limit = limit < LIMIT_MOST ? limit : LIMIT_MOST; !mapped && limit > LIMIT_LEAST;)
        mapped = map_segment(fd, limit /= 4, false, &header);
    os_close(fd);
    if (!mapped) {
        os_unlink(path);
        return false;
    }
    process->segment = (struct segment_header *)process->base;
    process->modules = (struct module *)(process->base + header.modules_offset);
    process->strings = (char *)(process->base + header.strings_offset);
    process->rings = (struct ring *)(process->base + header.rings_offset);
    process->nodes = (struct node *)(process->base + header.nodes_offset);
    process->python_codes = process->base + header.python_codes_offset;
    fill_info(&header);
    memcpy(process->segment, &header, sizeof header);
    process->own = header;
    return true;
}

static enum process_phase attach(void) {
    if (os_is_silent()) { /* the child of a sandbox */
        session_announce_untraced(0, UNTRACED_SANDBOX, program_invocation_name);
        return PROCESS_OFF;
    }
    if (!session_find() || !session_map())
        return PROCESS_OFF;
    if (excluded)
        return PROCESS_EXCLUDED;
    char *executable = process->executable;
    int64_t n = os_read_link("/proc/self/exe", executable, sizeof process->executable - 1);
    executable[n > 0 ? n : 0] = 0;
    excluded = !select_traces(process->control, executable);
    struct registry_entry *entry = session_claim_entry();
    if (excluded) {
        if (entry)
            session_publish_untraced(entry, UNTRACED_EXCLUDED, executable);
        return PROCESS_EXCLUDED;
    }
    if (!entry)
        return PROCESS_OFF;
    platform_forget_modules();
    process->pid = entry->pid;
    process->ticket = entry->ticket;
    if (!create_segment()) {
        enum untraced_reason reason = session_is_out_of_reach() ? UNTRACED_OUT_OF_REACH : UNTRACED_NO_SEGMENT;
        session_publish_untraced(entry, reason, executable);
        return PROCESS_OFF;
    }
    last_ticket = entry->ticket;
    process->announced_ms = os_monotonic_ms();
    process->announced_clock = load_relaxed(&process->control->clock);
    store_release(&entry->state, REGISTRY_TRACED);
    session_ring_doorbell();
    return PROCESS_TRACED;
}

bool process_start(void) {
    if (!process) {
        struct process *fresh = os_map_private(sizeof *fresh), *none = NULL;
        if (!fresh)
            return false;
        if (!__atomic_compare_exchange_n(&process, &none, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            os_unmap(fresh, sizeof *fresh);
    }
    uint32_t phase = PROCESS_NEW;
    uint64_t signals = os_hold_signals(); /* a handler could leave it half done for good, by longjmp */
    if (!__atomic_compare_exchange_n(&process->phase, &phase, PROCESS_STARTING, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        os_let_signals(signals);
        return phase == PROCESS_TRACED;
    }
    phase = attach();
    store_release(&process->phase, phase);
    os_let_signals(signals);
    return phase == PROCESS_TRACED;
}

bool process_is_over(void) {
    if (!process)
        return true;
    uint32_t phase = load_acquire(&process->phase);
    return phase == PROCESS_OFF ||
           (phase == PROCESS_EXCLUDED && (process->control->stopped || session_daemon_died()));
}

void process_detach(enum detach_reason reason) {
    uint32_t phase = PROCESS_TRACED;
    if (!__atomic_compare_exchange_n(&process->phase, &phase, PROCESS_OFF, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED))
        return;
    process->segment->detached = reason;
    for (uint32_t i = 0; i < RINGS_CAPACITY && i < process->own.rings; i++)
        if (process->threads[i])
            store_relaxed(&process->threads[i]->live, 0);
}

uint64_t process_fork_serial(void) {
    uint32_t count = __atomic_add_fetch(&fork_count, 1, __ATOMIC_RELAXED);
    return fork_serial = (uint64_t)os_pid() << 32 | count;
}

void process_forget_fork(void) {
    fork_serial = 0;
}

void process_exit_code(int code) {
    if (!process || process->phase != PROCESS_TRACED || process->pid != os_pid())
        return;
    os_resident(&process->segment->exit_rss_bytes, &process->segment->exit_peak_bytes);
    process->segment->exit_code = code;
    store_release(&process->segment->exited, 1);
}
