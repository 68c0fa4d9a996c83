/* segment.c — libFuzzer: a traced process whose whole shared memory is adversarial, read by the drain core.
 *
 * Input: a sequence of 8-byte writes {area, offset, value…} with rounds of the core between them. The core
 * must survive, end in bounded memory, and keep a process that behaves exact.
 */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "test/native/namer.h"

#define HEAP       UINT64_C(0x555555000000)
#define RING_SLOTS 256

struct write {
    uint8_t what; /* low 3 bits: area; bit 3: a round of the core follows; bits 4-7: how the value is made */
    uint8_t item;
    uint16_t offset;
    uint32_t value;
};

static uint64_t value_of(const struct write *write) {
    switch (write->what >> 4 & 3) {
    case 0:
        return write->value;
    case 1:
        return (uint64_t)write->value << 32 | write->value;
    case 2:
        return (uint64_t)(int64_t)(int32_t)write->value;
    default:
        return UINT64_C(1) << (write->value & 63);
    }
}

static void apply(struct writer *bad, const struct write *write) {
    uint8_t *area = bad->base;
    uint64_t size = sizeof *bad->header;
    struct writer_ring *ring = &bad->rings[write->item % bad->rings_count];
    switch (write->what & 7) {
    case 0:
        break;
    case 1:
        area = (uint8_t *)ring->ring;
        size = sizeof *ring->ring;
        break;
    case 2:
        area = (uint8_t *)ring->events;
        size = 4096;
        break;
    case 3:
        area = (uint8_t *)bad->nodes;
        size = 4096;
        break;
    case 4:
        area = bad->base + 4096; /* info, modules */
        size = INFO_BYTES + 4096;
        break;
    case 5: /* more events are said to be there */
        __atomic_store_n(&ring->ring->head, ring->ring->head + write->value % 64, __ATOMIC_RELEASE);
        return;
    case 6:
        __atomic_store_n(&bad->header->nodes, write->value, __ATOMIC_RELEASE);
        return;
    case 7: { /* an event in its place; the tickets are in turn unless the input says otherwise */
        uint64_t head = ring->ring->head, address = HEAP + 16 * (write->value % 4096);
        uint32_t ticket = write->what & 0x80 ? write->offset : writer_draw(bad, event_order_slot(address));
        ring->events[head % RING_SLOTS] = event_pack(1 + write->item % 7, address, write->value,
                                                     STACK_FIRST_NODE + write->item % 16, ticket);
        __atomic_store_n(&ring->ring->head, head + 1, __ATOMIC_RELEASE);
        return;
    }
    }
    uint64_t value = value_of(write);
    memcpy(area + write->offset % (size - 7), &value, write->what & 0x80 ? 8 : 1);
}

static void ask(struct stage *stage) {
    static struct process_record records[4];
    static struct site_record sites[64];
    static struct module_record modules[64];
    static struct thread_record threads[64];
    static struct size_record sizes[SIZE_CLASSES];
    static uint8_t info[INFO_BYTES];
    uint32_t bytes;
    core_changes(stage->core, records, 4);
    for (uint32_t i = 0; i < 2; i++) {
        sites_of(stage->core, i, sites, 64);
        namer_catch_up(&(struct namer){0}, stage->core, i);
        core_modules(stage->core, i, 0, modules, 64);
        core_threads(stage->core, i, threads, 64);
        core_sizes(stage->core, i, sizes, SIZE_CLASSES);
        core_info(stage->core, i, info, &bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct stage stage;
    struct writer good, bad;
    struct writer_options options = {
        .pid = getpid(), .rings = 2, .ring_events = RING_SLOTS, .nodes = 16, .nodes_capacity = 1024};
    stage_open(&stage);
    writer_open(&good, &stage, &options);
    writer_announce(&good);
    options.pid = getppid();
    writer_open(&bad, &stage, &options);
    writer_announce(&bad);
    uint64_t allocated = 0;
    for (; size >= sizeof(struct write); data += sizeof(struct write), size -= sizeof(struct write)) {
        struct write write;
        memcpy(&write, data, sizeof write);
        apply(&bad, &write);
        if (write.what & 8) {
            writer_alloc(&good, 0, HEAP + 32 * allocated++, 24, STACK_FIRST_NODE);
            writer_publish(&good, 0, 1);
            stage_pass(&stage);
        }
    }
    stage_pass(&stage);
    ask(&stage);
    struct process_record record = stage_record(&stage, 0);
    CHECK_EQUAL(record.allocations, allocated, "blocks of the process that behaves");
    CHECK_EQUAL(record.flags & PROCESS_CORRUPT, 0, "its flag");
    writer_close(&bad);
    writer_close(&good);
    stage_close(&stage);
    return 0;
}
