/* bounded.c — memory grows with distinct stacks and live blocks, not with events, sizes or the span of a
 * heap.
 *
 * usage: bounded CASE
 */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "test/native/writer.h"

#define HEAP UINT64_C(0x555555000000)
#define MIB  (UINT64_C(1) << 20)

static struct stage stage;
static struct writer writer;

static void open_with(uint32_t stacks) {
    stage_open(&stage);
    writer_open(&writer, &stage,
                &(struct writer_options){.pid = getpid(), .rings = 1, .ring_events = 65536, .nodes = stacks});
    writer_announce(&writer);
}

/* Publishes and forgets what is queued. */
static void flush(void) {
    writer_flush(&writer);
    writer.rings[0].queued = writer.rings[0].published = 0;
}

/* heaptrack's interpreter takes 19 GB for 800 stacks times 480 sizes. */
static void sizes_and_stacks(uint32_t stacks, uint32_t sizes) {
    open_with(stacks);
    uint64_t before = resident_bytes(), total = 0;
    for (uint32_t stack = 0; stack < stacks; stack++) {
        for (uint32_t size = 0; size < sizes; size++) {
            writer_alloc(&writer, 0, HEAP + size % 512 * 16, size, STACK_FIRST_NODE + stack);
            writer_free(&writer, 0, HEAP + size % 512 * 16);
            total += size;
        }
        flush();
    }
    struct process_record r = stage_record(&stage, 0);
    CHECK_EQUAL(r.sites, stacks, "sites");
    CHECK_EQUAL(r.allocations, (uint64_t)stacks * sizes, "allocations");
    CHECK_EQUAL(r.total_bytes, total, "total bytes");
    CHECK_EQUAL(r.live_bytes, 0, "live bytes");
    uint64_t taken = resident_bytes() - before, most = 4 * MIB + stacks * UINT64_C(400);
    printf("%u stacks x %u sizes: %llu KiB\n", stacks, sizes, (unsigned long long)taken / 1024);
    CHECK(taken < most, "%llu bytes taken", (unsigned long long)taken);
}

/* Large blocks far apart: a shadow page for each would be 4 KiB a block. */
static void large_blocks(void) {
    open_with(1);
    uint64_t before = resident_bytes();
    uint32_t blocks = 200000;
    for (uint32_t i = 0; i < blocks; i++) {
        writer_alloc(&writer, 0, HEAP + i * UINT64_C(16384), 16000, STACK_FIRST_NODE);
        if (i % 1000 == 999)
            flush();
    }
    uint64_t each = (resident_bytes() - before) / blocks;
    printf("a large block takes %llu bytes\n", (unsigned long long)each);
    CHECK(each < 128, "a large block takes %llu bytes", (unsigned long long)each);
    for (uint32_t i = 0; i < blocks; i++) {
        writer_free(&writer, 0, HEAP + i * UINT64_C(16384));
        if (i % 1000 == 999)
            flush();
    }
    CHECK_EQUAL(stage_record(&stage, 0).live_blocks, 0, "live blocks");
    CHECK(stage.core->processes[0]->blocks.spill.capacity <= 64, "the table shrinks again");
}

/* A heap that moves on through the address space. */
static void moving_heap(void) {
    open_with(1);
    uint64_t before = resident_bytes(), most = 0;
    for (uint32_t round = 0; round < 200; round++) {
        uint64_t base = HEAP + round * (UINT64_C(1) << 26);
        for (uint32_t i = 0; i < 20000; i++)
            writer_alloc(&writer, 0, base + i * 32, 20, STACK_FIRST_NODE);
        for (uint32_t i = 0; i < 20000; i++)
            writer_free(&writer, 0, base + i * 32);
        flush();
        stage.core->trimmed_us = stage.core->housekept_us = 0; /* time passes */
        stage_pass(&stage);
        if (resident_bytes() > most)
            most = resident_bytes();
    }
    printf("a moving heap takes %llu KiB\n", (unsigned long long)(most - before) / 1024);
    CHECK(most - before < 16 * MIB, "%llu bytes", (unsigned long long)(most - before));
}

/* A counter's tickets begin again at 0 after 2^22. */
static void ticket_wrap(void) {
    open_with(1);
    uint32_t pairs = 3000000;
    for (uint32_t i = 0; i < pairs; i++) {
        writer_alloc(&writer, 0, HEAP, 8, STACK_FIRST_NODE);
        writer_free(&writer, 0, HEAP);
        if (i % 30000 == 29999)
            flush();
    }
    struct process_record r = stage_record(&stage, 0);
    CHECK_EQUAL(r.allocations, pairs, "allocations");
    CHECK_EQUAL(r.frees, pairs, "frees");
    CHECK_EQUAL(r.temporary_blocks, pairs, "temporary blocks");
    CHECK_EQUAL(r.flags, 0, "flags");
}

int main(int argc, char **argv) {
    const char *which = argc > 1 ? argv[1] : "";
    if (!strcmp(which, "sizes"))
        sizes_and_stacks(800, 480);
    else if (!strcmp(which, "more-sizes"))
        sizes_and_stacks(20000, 500);
    else if (!strcmp(which, "large"))
        large_blocks();
    else if (!strcmp(which, "moving"))
        moving_heap();
    else if (!strcmp(which, "wrap"))
        ticket_wrap();
    else
        CHECK(false, "no such case");
    writer_close(&writer);
    stage_close(&stage);
    return 0;
}
