/* lifecycle.c — processes that begin, fork, exec, die in the middle of something, and are many.
 *
 * usage: lifecycle CASE
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/native/namer.h"

#define HEAP UINT64_C(0x555555000000)

static bool segment_exists(const struct stage *stage, uint32_t ticket) {
    char path[128];
    struct stat status;
    snprintf(path, sizeof path, "%s/segment.%u", stage->directory, ticket);
    return !stat(path, &status);
}

static struct writer_options small(int pid) {
    return (struct writer_options){.pid = pid, .rings = 2, .ring_events = 4096, .nodes = 8};
}

static void check_threads(struct stage *stage, uint64_t frees) {
    struct thread_record threads[8];
    uint64_t sum = 0;
    for (uint32_t i = core_threads(stage->core, 0, threads, 8); i-- > 0;)
        sum += threads[i].frees;
    CHECK_EQUAL(stage_record(stage, 0).frees, frees, "frees");
    CHECK_EQUAL(sum, frees, "frees of all threads");
}

/* Killed while events were still in its rings, one of which waits for a ticket that never comes. */
static void killed(struct stage *stage) {
    struct writer w;
    int pid = child_start();
    struct writer_options options = small(pid);
    writer_open(&w, stage, &options);
    writer_announce(&w);
    for (uint32_t i = 0; i < 1000; i++)
        writer_alloc(&w, 0, HEAP + i * 32, 10, 2);
    writer_draw(&w, event_order_slot(HEAP)); /* a thread died between drawing and publishing */
    writer_free(&w, 1, HEAP);
    writer_free(&w, 1, HEAP + 32);
    for (uint32_t i = 0; i < 2; i++)
        writer_publish(&w, i, UINT32_MAX);
    w.header->exit_code = 3;
    child_kill(pid);
    for (int i = 0; i < 3; i++)
        stage_pass(stage);
    struct process_record r = stage_record(stage, 0);
    CHECK_EQUAL(r.state, PROCESS_ENDED, "state");
    CHECK_EQUAL(r.allocations, 1000, "allocations");
    CHECK_EQUAL(r.frees, 2, "frees");
    CHECK_EQUAL(r.live_blocks, 998, "live blocks");
    CHECK_EQUAL(r.skipped_orders, 1, "tickets given up");
    CHECK_EQUAL(r.flags, 0, "flags");
    CHECK(r.ended_ns > r.started_ns, "time of its end");
    CHECK(!segment_exists(stage, w.ticket), "its segment is still there");

    /* What can be asked stays. */
    uint8_t info[INFO_BYTES];
    uint32_t command_bytes;
    CHECK_EQUAL(core_info(stage->core, 0, info, &command_bytes), 9, "length of its path");
    CHECK(!memcmp(info, "/bin/testtest\0-x\0", 9 + 7) && command_bytes == 7, "command line");
    struct places places;
    CHECK_EQUAL(core_take_nodes(stage->core, 0, 16), 8, "nodes");
    CHECK_EQUAL(places_from(stage->core, 0, 0, &places, 16), 8, "places");
    CHECK_EQUAL((uint64_t)places.offset[1], 0x400001, "return address");
    struct site_record site;
    CHECK_EQUAL(sites_of(stage->core, 0, &site, 1), 1, "sites");
    CHECK_EQUAL(site.live_bytes, 9980, "live bytes of its site");
    writer_close(&w);
}

/* A thread is stopped for long between drawing and publishing; then goes on. */
static void late(struct stage *stage) {
    struct writer w;
    struct writer_options options = small(getpid());
    writer_open(&w, stage, &options);
    writer_announce(&w);
    uint64_t a = HEAP, b = HEAP + 0x10000, c = HEAP + 0x20000;
    uint32_t free_a = writer_draw(&w, event_order_slot(a)); /* of a block before the trace's first event */
    writer_alloc(&w, 1, a, 1, 2);
    uint32_t alloc_b = writer_draw(&w, event_order_slot(b));
    writer_free(&w, 1, b);
    writer_alloc(&w, 1, c, 7, 3);
    uint32_t free_c = writer_draw(&w, event_order_slot(c));
    writer_alloc(&w, 1, c, 9, 3);
    writer_flush(&w);
    struct process *process = stage->core->processes[0];
    CHECK_EQUAL(process->order.count, 3, "events that wait");
    for (uint32_t i = 0; i < process->order.used; i++) /* two seconds pass */
        process->order.items[i].since_us = 0;
    for (uint32_t i = 0; i < 2; i++)
        process->rings.items[i].drained_us = monotonic_us();
    usleep(150000); /* until housekeeping is due, every 100 ms: nothing else depends on this */
    stage_settle(stage);
    struct process_record r = stage_record(stage, 0);
    CHECK_EQUAL(r.skipped_orders, 3, "tickets given up");
    CHECK_EQUAL(r.unknown_frees, 1, "unknown frees meanwhile");
    CHECK_EQUAL(r.live_blocks, 2, "live blocks meanwhile");

    writer_alloc_with(&w, 0, b, 5, 4, alloc_b);
    writer_queue(&w, 0, event_pack(EVENT_FREE, c, 0, 0, free_c));
    writer_queue(&w, 0, event_pack(EVENT_CANCEL, a, 0, 0, free_a));
    writer_flush(&w);
    r = stage_record(stage, 0);
    CHECK_EQUAL(r.flags, 0, "flags");
    CHECK_EQUAL(r.unknown_frees, 0, "unknown frees");
    CHECK_EQUAL(r.allocations, 4, "allocations");
    check_threads(stage, 2);
    CHECK_EQUAL(r.live_blocks, 2, "live blocks");
    CHECK_EQUAL(r.live_bytes, 10, "live bytes");
    writer_close(&w);
}

/* A thread died with a ticket of an address. Of two events that wait for it the later one came first: that it
 * is given up for the sake of that one must not pass over the other. */
static void overdue(struct stage *stage) {
    struct writer w;
    struct writer_options options = small(getpid());
    writer_open(&w, stage, &options);
    writer_announce(&w);
    uint32_t counter = event_order_slot(HEAP);
    writer_draw(&w, counter);
    uint32_t free = writer_draw(&w, counter), alloc = writer_draw(&w, counter);
    writer_alloc_with(&w, 0, HEAP, 7, 2, alloc);
    writer_flush(&w);
    writer_queue(&w, 1, event_pack(EVENT_FREE, HEAP, 0, 0, free));
    writer_flush(&w);
    struct process *process = stage->core->processes[0];
    CHECK_EQUAL(process->order.count, 2, "events that wait");
    process->order.items[0].since_us = 0; /* for two seconds */
    for (uint32_t i = 0; i < 2; i++)
        process->rings.items[i].drained_us = monotonic_us();
    usleep(150000); /* until housekeeping is due, every 100 ms: nothing else depends on this */
    stage_settle(stage);
    struct process_record r = stage_record(stage, 0);
    CHECK_EQUAL(process->order.count, 0, "events that still wait");
    CHECK_EQUAL(r.skipped_orders, 1, "tickets given up");
    CHECK_EQUAL(r.unknown_frees, 1, "unknown frees");
    CHECK_EQUAL(r.live_bytes, 7, "live bytes");
    writer_close(&w);
}

/* A free was lost: that its block has gone is seen when its address comes again, and no call was seen. */
static void dropped(struct stage *stage) {
    struct writer w;
    struct writer_options options = small(getpid());
    writer_open(&w, stage, &options);
    writer_announce(&w);
    for (uint32_t i = 0; i < 3; i++)
        writer_alloc(&w, i % 2, HEAP, 10, 2);
    writer_free(&w, 1, HEAP);
    writer_alloc(&w, 0, HEAP, 5, 2);
    writer_flush(&w);
    struct process_record r = stage_record(stage, 0);
    CHECK_EQUAL(r.allocations, 4, "allocations");
    check_threads(stage, 1);
    CHECK_EQUAL(r.live_blocks, 1, "live blocks");
    CHECK_EQUAL(r.live_bytes, 5, "live bytes");
    writer_close(&w);
}

/* The same by a thread that had no ring, and of a block so large that it stands in the other table. */
static void dropped_without_ring(struct stage *stage) {
    struct writer w;
    struct writer_options options = small(getpid());
    writer_open(&w, stage, &options);
    writer_announce(&w);
    writer_alloc(&w, 0, HEAP, 1 << 20, 2);
    writer_flush(&w);
    w.header->lost = 1;
    writer_alloc(&w, 0, HEAP, 5, 2);
    writer_flush(&w);
    struct process_record r = stage_record(stage, 0);
    CHECK_EQUAL(r.live_blocks, 1, "live blocks");
    CHECK_EQUAL(r.live_bytes, 5, "live bytes");
    writer_close(&w);
}

/* The only thread leaves a realloc for good, by a handler's longjmp, after it drew a ticket: what follows has
 * none, and what waits for that ticket comes before it. */
static void abandoned(struct stage *stage) {
    struct writer w;
    struct writer_options options = small(getpid());
    writer_open(&w, stage, &options);
    writer_announce(&w);
    uint64_t a = HEAP;
    writer_alloc_with(&w, 0, a, 10, 2, ORDER_NONE);
    writer_draw(&w, event_order_slot(a));
    writer_queue(&w, 0, event_pack(EVENT_RELEASE, a, 0, 0, writer_draw(&w, event_order_slot(a))));
    writer_flush(&w);
    CHECK_EQUAL(stage->core->processes[0]->order.count, 1, "events that wait");
    writer_alloc_with(&w, 0, a, 20, 3, ORDER_NONE);
    writer_alloc_with(&w, 0, a + 64, 5, 3, ORDER_NONE);
    writer_queue(&w, 0, event_pack(EVENT_FREE, a, 0, 0, ORDER_NONE));
    writer_flush(&w);
    struct process_record r = stage_record(stage, 0);
    CHECK_EQUAL(r.skipped_orders, 1, "tickets given up");
    CHECK_EQUAL(r.allocations, 3, "allocations");
    CHECK_EQUAL(r.frees, 2, "frees");
    CHECK_EQUAL(r.unknown_frees, 0, "unknown frees");
    CHECK_EQUAL(r.live_bytes, 5, "live bytes");
    writer_close(&w);
}

static void forked(struct stage *stage) {
    struct writer parent, child;
    struct writer_options options = small(getpid());
    int pid = child_start();
    writer_open(&parent, stage, &options);
    writer_announce(&parent);
    writer_alloc(&parent, 0, HEAP, 100, 2);
    writer_alloc(&parent, 0, HEAP + 256, 11, 2);
    writer_flush(&parent);

    /* The child's segment may be seen before the parent's event. */
    options = small(pid);
    options.parent_ticket = parent.ticket;
    options.fork_serial = 77;
    writer_open(&child, stage, &options);
    writer_announce(&child);
    writer_free(&child, 0, HEAP);
    writer_alloc(&child, 0, HEAP, 1, 3);
    writer_flush(&child);
    CHECK_EQUAL(stage_record(stage, 1).inherited_blocks, 0, "inherited blocks before they are known");
    writer_queue(&parent, 0, event_pack_control(CONTROL_FORK, 77));
    writer_free(&parent, 0, HEAP);
    writer_free(&parent, 0, HEAP + 4096);
    writer_flush(&parent);

    struct process_record r = stage_record(stage, 1);
    CHECK_EQUAL(r.parent_index, 0, "parent");
    CHECK_EQUAL(r.inherited_blocks, 2, "inherited blocks");
    CHECK_EQUAL(r.inherited_bytes, 111, "inherited bytes");
    CHECK_EQUAL(r.inherited_frees, 1, "inherited frees");
    CHECK_EQUAL(r.unknown_frees, 0, "unknown frees of the child");
    CHECK_EQUAL(r.allocations, 1, "allocations of the child");
    r = stage_record(stage, 0);
    CHECK_EQUAL(r.unknown_frees, 1, "unknown frees of the parent");
    CHECK_EQUAL(r.live_bytes, 11, "live bytes of the parent");
    child_kill(pid);
    writer_close(&parent);
    writer_close(&child);
}

static void execed(struct stage *stage) {
    struct writer former, later;
    struct writer_options options = small(getpid());
    writer_open(&former, stage, &options);
    writer_announce(&former);
    writer_alloc(&former, 0, HEAP, 100, 2);
    writer_publish(&former, 0, UINT32_MAX);
    writer_open(&later, stage, &options);
    writer_announce(&later);
    writer_alloc(&later, 0, HEAP, 5, 3);
    writer_flush(&later);
    struct process_record r = stage_record(stage, 0);
    CHECK_EQUAL(r.state, PROCESS_ENDED, "state of the former image");
    CHECK_EQUAL(r.flags, PROCESS_EXECED, "flags of the former image");
    CHECK_EQUAL(r.live_bytes, 100, "live bytes of the former image");
    r = stage_record(stage, 1);
    CHECK_EQUAL(r.state, PROCESS_RUNNING, "state of the later image");
    CHECK_EQUAL(r.live_bytes, 5, "live bytes of the later image");
    writer_close(&former);
    writer_close(&later);
}

static uint64_t own_start_ticks(void) {
    unsigned long long ticks = 0;
    FILE *stat = fopen("/proc/self/stat", "r");
    CHECK(stat && fscanf(stat,
                         "%*d (%*[^)]) %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                         "%*s %*s %llu",
                         &ticks) == 1,
          "the time of its start");
    fclose(stat);
    return ticks;
}

/* Whose pid another process has by now is over. One that says a later start than the kernel is not: under
 * qemu-user it is told when qemu was ready. */
static void reused(struct stage *stage) {
    uint64_t ticks = own_start_ticks();
    const uint64_t said[] = {ticks - 1, ticks, ticks + 3, 0};
    for (uint32_t i = 0; i < 4; i++) {
        struct writer w;
        struct writer_options options = small(getpid());
        writer_open(&w, stage, &options);
        w.header->start_ticks = said[i];
        writer_announce(&w);
        stage_pass(stage);
        stage_pass(stage);
        CHECK_EQUAL(stage_record(stage, i).state, i ? PROCESS_RUNNING : PROCESS_ENDED, "state");
        writer_close(&w);
    }
}

/* Thousands of short processes: memory for their results, and nothing else. */
static void many(struct stage *stage, uint32_t processes) {
    int pid = dead_pid();
    uint64_t before = 0;
    for (uint32_t i = 0; i < processes; i++) {
        struct writer w;
        struct writer_options options = small(pid);
        options.nodes = 300;
        writer_open(&w, stage, &options);
        for (uint32_t n = 0; n < 600; n++)
            writer_alloc(&w, n % 2, HEAP + n * 64, n, 2 + n % 100);
        writer_publish(&w, 0, UINT32_MAX);
        writer_publish(&w, 1, UINT32_MAX);
        writer_announce(&w);
        writer_close(&w);
        if (i == 100)
            before = resident_bytes();
    }
    stage_settle(stage);
    CHECK_EQUAL(stage->core->active.count, 0, "active processes");
    for (uint32_t i = 0; i < processes; i++) {
        struct process_record r = stage_record(stage, i);
        CHECK_EQUAL(r.state, PROCESS_ENDED, "state");
        CHECK_EQUAL(r.allocations, 600, "allocations");
    }
    uint64_t each = (resident_bytes() - before) / (processes - 100);
    CHECK(each < 32 * 1024, "an ended process takes %llu bytes", (unsigned long long)each);
    printf("%u processes, %llu bytes each\n", processes, (unsigned long long)each);

    struct process_record *records = calloc(processes, sizeof *records);
    CHECK_EQUAL(core_changes(stage->core, records, processes), processes, "reports");
    CHECK_EQUAL(core_changes(stage->core, records, processes), 0, "reports of what did not change");
    free(records);
}

int main(int argc, char **argv) {
    const char *which = argc > 1 ? argv[1] : "";
    struct stage stage;
    stage_open(&stage);
    if (!strcmp(which, "killed"))
        killed(&stage);
    else if (!strcmp(which, "late"))
        late(&stage);
    else if (!strcmp(which, "overdue"))
        overdue(&stage);
    else if (!strcmp(which, "dropped"))
        dropped(&stage);
    else if (!strcmp(which, "dropped-without-ring"))
        dropped_without_ring(&stage);
    else if (!strcmp(which, "abandoned"))
        abandoned(&stage);
    else if (!strcmp(which, "forked"))
        forked(&stage);
    else if (!strcmp(which, "execed"))
        execed(&stage);
    else if (!strcmp(which, "reused"))
        reused(&stage);
    else if (!strcmp(which, "many"))
        many(&stage, argc > 2 ? (uint32_t)atoi(argv[2]) : 5000);
    else
        CHECK(false, "no such case");
    stage_close(&stage);
    return 0;
}
