/* asking.c — one thread drains while another asks for everything, as the daemon does; for the thread
 * sanitizer.
 *
 * usage: asking [EVENTS]
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>

#include "test/native/namer.h"

#define STACKS 200u
#define BATCH  2000u

static uint32_t over;

static void *drain(void *core) {
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
        core_drain(core, 5);
    return NULL;
}

static void ask(struct core *core, bool walks) {
    static struct process_record process[8];
    static struct site_record sites[1024];
    static struct namer namer;
    static struct module_record modules[8];
    static struct thread_record threads[64];
    static struct size_record sizes[1024];
    static struct block_record blocks[1024];
    static struct holding_record holdings[1024];
    static uint8_t info[INFO_BYTES];
    uint32_t command_bytes;
    core_change_count(core);
    if (core_changes(core, process, 8) == 0)
        return;
    sites_of(core, 0, sites, 1024);
    namer_catch_up(&namer, core, 0);
    core_modules(core, 0, 0, modules, 8);
    core_threads(core, 0, threads, 64);
    core_sizes(core, 0, sizes, SIZE_CLASSES < 1024 ? SIZE_CLASSES : 1024);
    core_info(core, 0, info, &command_bytes);
    if (!walks) /* over all live blocks: dear under the sanitizer */
        return;
    core_blocks(core, 0, blocks, 1024);
    core_largest(core, 0, blocks);
    core_holdings(core, 0, NULL, 0, holdings, 1024);
}

/* Threads and sizes add up to the totals of the process, though the drain goes on. */
static void ask_at_once(struct core *core) {
    static struct process_record process[8];
    static struct thread_record threads[64];
    static struct size_record sizes[SIZE_CLASSES];
    uint64_t of_threads = 0, of_sizes = 0;
    core_hold(core);
    if (core_changes(core, process, 8) > 0) {
        usleep(100); /* the drain comes to its turn, if it may */
        for (uint32_t i = core_threads(core, 0, threads, 64); i-- > 0;)
            of_threads += threads[i].allocations;
        for (uint32_t i = core_sizes(core, 0, sizes, SIZE_CLASSES); i-- > 0;)
            of_sizes += sizes[i].total_blocks;
        CHECK_EQUAL(of_threads, process[0].allocations, "allocations of all threads");
        CHECK_EQUAL(of_sizes, process[0].allocations, "blocks of all sizes");
    }
    core_release(core);
}

int main(int argc, char **argv) {
    uint32_t events = argc > 1 ? (uint32_t)atoi(argv[1]) : 200000;
    struct stage stage;
    struct writer writer;
    pthread_t drainer;
    uint64_t seed = 1;
    stage_open(&stage);
    writer_open(&writer, &stage,
                &(struct writer_options){.pid = getpid(), .rings = 2, .ring_events = 4096, .nodes = STACKS});
    writer_announce(&writer);
    CHECK(pthread_create(&drainer, NULL, drain, stage.core) == 0, "thread");
    for (uint32_t done = 0; done < events; done += BATCH) {
        for (uint32_t i = 0; i < BATCH; i++)
            writer_alloc(&writer, i & 1, UINT64_C(0x555555000000) + (done + i) * UINT64_C(64), 48,
                         STACK_FIRST_NODE + pick(&seed, STACKS));
        for (uint32_t ring = 0; ring < 2; ring++)
            while (writer.rings[ring].published < writer.rings[ring].queued) {
                writer_publish(&writer, ring, UINT32_MAX);
                ask(stage.core, done % (10 * BATCH) == 0);
                ask_at_once(stage.core);
            }
    }
    __atomic_store_n(&over, 1, __ATOMIC_RELEASE);
    pthread_join(drainer, NULL);
    stage_settle(&stage);
    CHECK_EQUAL(stage_record(&stage, 0).live_blocks, events, "live blocks");
    writer_close(&writer);
    stage_close(&stage);
    return 0;
}
