/* throughput.c — how many events the core takes per second of its CPU time; not a test.
 *
 * One ring; blocks are freed and allocated again at random among all live ones (the worst case for caches),
 * or the newest first, as most programs do. Only the rounds of the core are timed.
 * Last, what it takes to sleep and to wake: the drain does so between its rounds.
 *
 * usage: throughput [EVENTS]
 */
#define _GNU_SOURCE
#include <time.h>
#include <unistd.h>

#include "test/native/writer.h"

#define STACKS 5000
#define BATCH  50000u

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double timed_flush(struct stage *stage, struct writer *writer) {
    writer_publish(writer, 0, UINT32_MAX);
    double start = cpu_seconds();
    stage_settle(stage);
    double taken = cpu_seconds() - start;
    CHECK_EQUAL(writer->rings[0].published, writer->rings[0].queued, "published");
    writer->rings[0].queued = writer->rings[0].published = 0;
    return taken;
}

static void measure(uint32_t live, bool stacked, uint32_t events) {
    struct stage stage;
    struct writer writer;
    uint64_t seed = 1;
    stage_open(&stage);
    writer_open(&writer, &stage,
                &(struct writer_options){.pid = getpid(), .rings = 1, .ring_events = 65536, .nodes = STACKS});
    writer_announce(&writer);
    uint64_t heap = UINT64_C(0x555555000000);
    for (uint32_t i = 0; i < live; i++) {
        writer_alloc(&writer, 0, heap + i * UINT64_C(64), 48, STACK_FIRST_NODE + pick(&seed, STACKS));
        if (i % BATCH == BATCH - 1)
            timed_flush(&stage, &writer);
    }
    timed_flush(&stage, &writer);
    uint64_t resident = resident_bytes();
    double seconds = 0;
    for (uint32_t done = 0; done < events; done += BATCH) {
        for (uint32_t i = 0; i < BATCH; i += 2) {
            uint64_t address = heap + (stacked ? live + pick(&seed, 8) : pick(&seed, live)) * UINT64_C(64);
            uint32_t stack = STACK_FIRST_NODE + pick(&seed, stacked ? 20 : STACKS);
            if (stacked) {
                writer_alloc(&writer, 0, address, 48, stack);
                writer_free(&writer, 0, address);
            } else {
                writer_free(&writer, 0, address);
                writer_alloc(&writer, 0, address, 48, stack);
            }
        }
        seconds += timed_flush(&stage, &writer);
    }
    struct process_record record = stage_record(&stage, 0);
    CHECK_EQUAL(record.live_blocks, live, "live blocks");
    printf("%-7s %8u live: %5.1f million events per CPU second, %4.1f ns each, %llu MiB resident\n",
           stacked ? "stacked" : "random", live, events / seconds / 1e6, seconds * 1e9 / events,
           (unsigned long long)resident >> 20);
    writer_close(&writer);
    stage_close(&stage);
}

static void measure_sleep(long us) {
    const int times = 500;
    double start = cpu_seconds();
    for (int i = 0; i < times; i++)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){0, us * 1000}, NULL);
    printf("sleep of %4ld us: %.1f us of CPU\n", us, (cpu_seconds() - start) * 1e6 / times);
}

int main(int argc, char **argv) {
    uint32_t events = argc > 1 ? (uint32_t)atoi(argv[1]) : 10000000;
    measure(10000, true, events);
    measure(10000, false, events);
    measure(1000000, false, events);
    measure(4000000, false, events);
    measure_sleep(80);
    measure_sleep(500);
    measure_sleep(4000);
    return 0;
}
