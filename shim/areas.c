/* areas.c — see areas.h. Bare system calls only, as process.c. */
#define _GNU_SOURCE
#include "shim/areas.h"

#include <errno.h>

#include "shim/nodes.h"
#include "shim/platform/os.h"
#include "shim/session.h"
#include "shim/stack_table.h"

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

static uint64_t whole_pages(uint64_t bytes) {
    return (bytes + 4095) & ~UINT64_C(4095);
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

struct event *areas_map_ring(uint32_t index, uint32_t events) {
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

bool areas_grow_ring(uint32_t index, uint32_t events) {
    return reserve(process->own.events_offset + (uint64_t)index * RING_BYTES, events * sizeof(struct event));
}

/* Makes the first `bytes` of an area usable, and as much again as it had, at most `ahead`: each call costs,
 * and so does each page of the many processes that need few. `reserved` is the area's mark in `process`.
 * False: no room. */
static bool reserve_area(uint64_t area_offset, uint64_t *reserved, uint64_t bytes, uint64_t ahead) {
    uint64_t have = load_acquire(reserved);
    if (likely(bytes <= have))
        return true;
    uint64_t want = have + (have < ahead ? have : ahead);
    want = whole_pages(want > bytes ? want : bytes);
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

uint32_t areas_claim(uint32_t *count, uint32_t capacity, uint32_t items, uint64_t area_offset,
                     uint64_t *reserved, uint32_t item_bytes, uint64_t ahead) {
    uint32_t first = load_relaxed(count);
    do
        if (first > capacity || capacity - first < items ||
            !reserve_area(area_offset, reserved, (uint64_t)(first + items) * item_bytes, ahead))
            return CLAIM_NONE;
    while (!__atomic_compare_exchange_n(count, &first, first + items, false, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED));
    publish_count(count, first + items);
    return first;
}

static bool map_within(int fd, uint64_t limit, bool with_rings, struct segment_header *header) {
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

static void take_addresses(const struct segment_header *header) {
    process->segment = (struct segment_header *)process->base;
    process->modules = (struct module *)(process->base + header->modules_offset);
    process->strings = (char *)(process->base + header->strings_offset);
    process->rings = (struct ring *)(process->base + header->rings_offset);
    process->nodes = (struct node *)(process->base + header->nodes_offset);
    process->python_codes = process->base + header->python_codes_offset;
}

bool areas_map(int fd, struct segment_header *header) {
    uint64_t limit = os_memory_limit();
    bool mapped = map_within(fd, limit, limit == OS_UNLIMITED, header);
    for (limit = limit < LIMIT_MOST ? limit : LIMIT_MOST; !mapped && limit > LIMIT_LEAST;)
        mapped = map_within(fd, limit /= 4, false, header);
    if (mapped)
        take_addresses(header);
    return mapped;
}

#define NODES_AHEAD_BYTES   (UINT64_C(4) << 20)
#define MODULES_AHEAD_BYTES 16384

void areas_prepare_silence(void) {
    if (load_acquire(&process->phase) != PROCESS_TRACED || process->pid != os_pid())
        return;
    struct segment_header *own = &process->own;
    uint64_t nodes = (uint64_t)own->nodes * sizeof(struct node) + NODES_AHEAD_BYTES;
    reserve_area(own->nodes_offset, &process->nodes_reserved, nodes, 0);
    uint64_t modules = (uint64_t)own->modules * sizeof(struct module) + MODULES_AHEAD_BYTES;
    reserve_area(own->modules_offset, &process->modules_reserved, modules, 0);
    reserve_area(own->strings_offset, &process->strings_reserved, own->strings + MODULES_AHEAD_BYTES, 0);
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

void areas_shrink(uint64_t limit) {
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
