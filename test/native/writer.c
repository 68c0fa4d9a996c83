/* writer.c — see writer.h. */
#define _GNU_SOURCE
#include "test/native/writer.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- stage ---- */

void stage_open(struct stage *stage) {
    /* scripts/scratch.js removes what a crash leaves there. */
    const char *folder = getenv("TEST_SHARED_MEMORY");
    snprintf(stage->directory, sizeof stage->directory, "%s/memtrace-test-XXXXXX",
             folder                     ? folder
             : access("/dev/shm", W_OK) ? "/tmp"
                                        : "/dev/shm");
    CHECK(mkdtemp(stage->directory), "%s", stage->directory);
    char why[256];
    stage->core = core_create(stage->directory, ON_FULL_WAIT, why, sizeof why);
    CHECK(stage->core, "%s", why);
}

void stage_close(struct stage *stage) {
    core_close(stage->core);
    DIR *directory = opendir(stage->directory);
    struct dirent *entry;
    while ((entry = readdir(directory)))
        unlinkat(dirfd(directory), entry->d_name, 0);
    closedir(directory);
    rmdir(stage->directory);
}

uint64_t stage_pass(struct stage *stage) {
    uint32_t fullness;
    core_lock(stage->core);
    uint64_t events = core_pass(stage->core, &fullness);
    core_unlock(stage->core);
    return events;
}

void stage_settle(struct stage *stage) {
    /* A round stops at the clock of the one before: two empty ones are the end. */
    for (int empty = 0; empty < 2;)
        empty = stage_pass(stage) ? 0 : empty + 1;
}

struct process_record stage_record(struct stage *stage, uint32_t index) {
    CHECK(index < stage->core->count, "there is no process %u", index);
    struct process_record record;
    core_lock(stage->core);
    process_fill_record(stage->core->processes[index], &record);
    core_unlock(stage->core);
    return record;
}

/* Every byte belongs to exactly one site. */
static void check_sums(const struct site_record *sites, uint32_t count, const struct process_record *record) {
    struct site_record sum = {0};
    for (uint32_t i = 0; i < count; i++) {
        if (sites[i].kind != SITE_HEAP)
            continue;
        sum.live_bytes += sites[i].live_bytes;
        sum.live_blocks += sites[i].live_blocks;
        sum.total_bytes += sites[i].total_bytes;
        sum.total_blocks += sites[i].total_blocks;
        sum.peak_bytes += sites[i].peak_bytes;
    }
    CHECK_EQUAL(sum.live_bytes, record->live_bytes, "live bytes of all sites");
    CHECK_EQUAL(sum.live_blocks, record->live_blocks, "live blocks of all sites");
    CHECK_EQUAL(sum.total_bytes, record->total_bytes, "total bytes of all sites");
    CHECK_EQUAL(sum.total_blocks, record->allocations, "total blocks of all sites");
    CHECK_EQUAL(sum.peak_bytes, record->peak_bytes, "bytes of all sites at the peak");
}

uint32_t sites_of(struct core *core, uint32_t index, struct site_record *out, uint32_t capacity) {
    uint32_t *node = calloc(capacity, sizeof *node);
    uint8_t *kind = calloc(capacity, sizeof *kind);
    double *counters = calloc((size_t)SITE_COUNTERS * capacity, sizeof *counters);
    CHECK(node && kind && counters, "no memory");
    struct process_record record = {0};
    uint32_t count = core_sites(core, index, node, kind, counters, capacity, &record);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t value[SITE_COUNTERS];
        for (uint32_t column = 0; column < SITE_COUNTERS; column++)
            value[column] = (uint64_t)counters[(size_t)column * capacity + i];
        out[i] = (struct site_record){node[i],  kind[i],  value[0], value[1], value[2],
                                      value[3], value[4], value[5], value[6]};
    }
    if (count < capacity)
        check_sums(out, count, &record);
    free(node);
    free(kind);
    free(counters);
    return count;
}

uint64_t resident_bytes(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long total = 0, resident = 0;
    CHECK(file && fscanf(file, "%lu %lu", &total, &resident) == 2, "statm");
    fclose(file);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

int child_start(void) {
    int pid = fork();
    CHECK(pid >= 0, "fork");
    if (!pid)
        for (;;)
            pause();
    return pid;
}

void child_kill(int pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

int dead_pid(void) {
    int pid = fork();
    CHECK(pid >= 0, "fork");
    if (!pid)
        _exit(0);
    waitpid(pid, NULL, 0);
    return pid;
}

/* ---- writer ---- */

static uint64_t place(uint64_t *end, uint64_t bytes) {
    uint64_t offset = *end;
    *end += (bytes + 4095) & ~UINT64_C(4095);
    return offset;
}

void writer_open(struct writer *writer, struct stage *stage, const struct writer_options *options) {
    *writer = (struct writer){.stage = stage,
                              .pid = (uint32_t)options->pid,
                              .parent_pid = (uint32_t)options->parent_pid,
                              .rings_count = options->rings};
    uint32_t nodes_capacity = options->nodes_capacity;
    if (nodes_capacity < options->nodes + STACK_FIRST_NODE)
        nodes_capacity = options->nodes + STACK_FIRST_NODE;
    struct segment_header header = {.magic = SEGMENT_MAGIC,
                                    .version = SEGMENT_VERSION,
                                    .pid = (uint32_t)options->pid,
                                    .parent_pid = (uint32_t)options->parent_pid,
                                    .parent_ticket = options->parent_ticket,
                                    .origin = options->parent_ticket ? ORIGIN_FORK : ORIGIN_EXEC,
                                    .fork_serial = options->fork_serial,
                                    .started_ns = 1,
                                    .modules_capacity = 16,
                                    .strings_bytes = 4096,
                                    .rings_capacity = options->rings,
                                    .nodes_capacity = nodes_capacity,
                                    .executable_bytes = 9,
                                    .command_bytes = 7,
                                    .rings = options->rings,
                                    .nodes = STACK_FIRST_NODE + options->nodes};
    uint64_t end = 4096;
    header.info_offset = place(&end, INFO_BYTES);
    header.modules_offset = place(&end, header.modules_capacity * sizeof(struct module));
    header.strings_offset = place(&end, header.strings_bytes);
    header.rings_offset = place(&end, header.rings_capacity * sizeof(struct ring));
    header.nodes_offset = place(&end, (uint64_t)nodes_capacity * sizeof(struct node));
    header.events_offset = place(&end, (uint64_t)options->rings * RING_BYTES);
    writer->ticket = header.ticket =
        __atomic_fetch_add(&stage->core->session.registry->next, 1, __ATOMIC_SEQ_CST);

    char path[128];
    snprintf(path, sizeof path, "%s/%s%u", stage->directory, SESSION_SEGMENT_FILE, header.ticket);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    CHECK(fd >= 0 && !ftruncate(fd, (off_t)end), "%s", path);
    writer->bytes = end;
    writer->base = mmap(NULL, end, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(writer->base != MAP_FAILED, "map %s", path);
    close(fd);

    writer->header = (struct segment_header *)writer->base;
    *writer->header = header;
    memcpy(writer->base + header.info_offset, "/bin/test", 9);
    memcpy(writer->base + header.info_offset + INFO_COMMAND, "test\0-x", 8);
    writer->nodes = (struct node *)(writer->base + header.nodes_offset);
    for (uint32_t i = 0; i < options->nodes; i++)
        writer->nodes[STACK_FIRST_NODE + i] = (struct node){0x400000 + i, STACK_NONE, MODULE_NONE};
    writer->order = calloc(ORDER_COUNTERS, sizeof *writer->order);
    writer->rings = calloc(options->rings ? options->rings : 1, sizeof *writer->rings);
    for (uint32_t i = 0; i < options->rings; i++) {
        struct ring *ring = (struct ring *)(writer->base + header.rings_offset) + i;
        ring->size = options->ring_events;
        ring->tid = 1000 + i;
        writer->rings[i].ring = ring;
        writer->rings[i].events =
            (struct event *)(writer->base + header.events_offset + (uint64_t)i * RING_BYTES);
    }
}

void writer_announce(struct writer *writer) {
    struct registry_entry *entry = &writer->stage->core->session.entries[writer->ticket % REGISTRY_ENTRIES];
    CHECK_EQUAL(entry->state, REGISTRY_FREE, "registry entry");
    entry->pid = writer->pid;
    entry->parent_pid = writer->parent_pid;
    entry->ticket = writer->ticket;
    __atomic_store_n(&entry->state, REGISTRY_TRACED, __ATOMIC_RELEASE);
    while (__atomic_load_n(&entry->state, __ATOMIC_ACQUIRE) != REGISTRY_FREE)
        stage_pass(writer->stage);
}

void writer_close(struct writer *writer) {
    for (uint32_t i = 0; i < writer->rings_count; i++)
        free(writer->rings[i].queue);
    free(writer->rings);
    free(writer->order);
    munmap(writer->base, writer->bytes);
}

uint32_t writer_draw(struct writer *writer, uint32_t counter) {
    return writer->order[counter]++ & ORDER_MASK;
}

uint32_t writer_draw_if_needed(struct writer *writer, uint64_t address) {
    return writer->ordered ? writer_draw(writer, event_order_slot(address)) : ORDER_NONE;
}

static void queue(struct writer *writer, uint32_t ring, struct slot slot) {
    struct writer_ring *r = &writer->rings[ring];
    slot.after = ring ? writer->in_order : 0;
    CHECK(array_reserve(&r->queue, &r->capacity, (uint64_t)r->queued + 1, sizeof *r->queue), "memory");
    r->queue[r->queued++] = slot;
}

void writer_queue(struct writer *writer, uint32_t ring, struct event event) {
    queue(writer, ring, (struct slot){.event = event});
    if (event_is_in_order(&event)) {
        CHECK(ring == 0, "an event without a ticket is the first ring's");
        writer->in_order = writer->rings[0].queued;
    }
}

/* The second slot of an event that has two. */
static void queue_rest(struct writer *writer, uint32_t ring, uint64_t value) {
    queue(writer, ring, (struct slot){.event = {{value, 0}}});
}

void writer_queue_takeover(struct writer *writer, uint32_t ring) {
    queue(writer, ring, (struct slot){.takeover = true});
}

void writer_alloc_with(struct writer *writer, uint32_t ring, uint64_t address, uint64_t size, uint32_t stack,
                       uint32_t order) {
    bool extended = size >= EVENT_SIZE_EXTENDED;
    writer_queue(
        writer, ring,
        event_pack(EVENT_ALLOC, address, extended ? EVENT_SIZE_EXTENDED : (uint32_t)size, stack, order));
    if (extended)
        queue_rest(writer, ring, size);
}

void writer_alloc(struct writer *writer, uint32_t ring, uint64_t address, uint64_t size, uint32_t stack) {
    writer_alloc_with(writer, ring, address, size, stack, writer_draw(writer, event_order_slot(address)));
}

void writer_free(struct writer *writer, uint32_t ring, uint64_t address) {
    writer_queue(writer, ring,
                 event_pack(EVENT_FREE, address, 0, 0, writer_draw(writer, event_order_slot(address))));
}

void writer_map(struct writer *writer, uint32_t ring, uint64_t address, uint64_t bytes, uint32_t stack) {
    writer_queue(writer, ring, event_pack(EVENT_MAP, address, 0, stack, writer_draw(writer, ORDER_MAPS)));
    queue_rest(writer, ring, bytes);
}

void writer_unmap(struct writer *writer, uint32_t ring, uint64_t address, uint64_t bytes) {
    writer_queue(writer, ring, event_pack(EVENT_UNMAP, address, 0, 0, writer_draw(writer, ORDER_MAPS)));
    queue_rest(writer, ring, bytes);
}

static void put(struct writer_ring *r, uint64_t head, struct event event) {
    r->events[head & (r->ring->size - 1)] = event;
}

uint32_t writer_publish(struct writer *writer, uint32_t ring, uint32_t most) {
    struct writer_ring *r = &writer->rings[ring];
    uint32_t done = 0;
    while (done < most && r->published < r->queued) {
        const struct slot *slot = &r->queue[r->published];
        if (writer->rings[0].published < slot->after)
            break;
        uint64_t head = r->ring->head, tail = __atomic_load_n(&r->ring->tail, __ATOMIC_ACQUIRE);
        if (slot->takeover) {
            if (head != tail)
                break; /* only once it is drained */
            r->ring->tid += 1000;
            r->ring->generation++;
            r->published++;
            continue;
        }
        bool extended = event_is_extended(&slot->event);
        if (head - tail + 3 > r->ring->size)
            break;
        uint32_t clock = __atomic_load_n(&writer->stage->core->session.control->clock, __ATOMIC_RELAXED);
        if (clock != r->clock) {
            put(r, head++, event_pack_control(CONTROL_CLOCK, clock));
            r->clock = clock;
        }
        put(r, head++, slot[0].event);
        if (extended)
            put(r, head++, slot[1].event);
        __atomic_store_n(&r->ring->head, head, __ATOMIC_RELEASE);
        r->published += 1 + extended;
        done++;
    }
    return done;
}

void writer_flush(struct writer *writer) {
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < writer->rings_count; i++) {
            writer_publish(writer, i, UINT32_MAX);
            more |= writer->rings[i].published < writer->rings[i].queued;
        }
        stage_pass(writer->stage);
    }
    stage_settle(writer->stage);
}
