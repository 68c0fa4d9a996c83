/* corrupt.c — programs that scribble on their own segment: the daemon survives, other processes go on.
 *
 * For each seed: a good process and a bad one; the bad one's memory is overwritten at random, area by area,
 * or its file is cut, while both go on. Run it under the sanitizers.
 *
 * usage: corrupt FIRST_SEED SEEDS
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test/native/namer.h"

#define HEAP UINT64_C(0x555555000000)

static void scribble(uint8_t *at, uint64_t bytes, uint64_t *seed) {
    uint32_t count = 1 + pick(seed, 64);
    for (uint32_t i = 0; i < count; i++)
        at[pick(seed, (uint32_t)bytes)] = (uint8_t)pick(seed, 256);
    if (pick(seed, 4) == 0) { /* a long run */
        uint64_t from = pick(seed, (uint32_t)bytes), length = pick(seed, (uint32_t)(bytes - from) + 1);
        memset(at + from, (int)pick(seed, 256), length);
    }
}

static void damage(struct writer *w, uint32_t area, uint64_t *seed) {
    struct segment_header *h = w->header;
    struct ring *ring = w->rings[pick(seed, w->rings_count)].ring;
    switch (area) {
    case 0:
        scribble(w->base, sizeof *h, seed);
        break;
    case 1:
        scribble(w->base + 4096, INFO_BYTES, seed);
        break;
    case 2: /* modules and strings */
        h->modules = pick(seed, 2) ? 16 : UINT32_MAX;
        h->strings = pick(seed, 5000);
        scribble(w->base + 4096 + INFO_BYTES, 8192, seed);
        break;
    case 3:
        scribble((uint8_t *)ring, sizeof *ring, seed);
        break;
    case 4:
        scribble((uint8_t *)w->nodes, 4096, seed);
        h->nodes += pick(seed, 2) * UINT32_C(0x40000000);
        break;
    case 5:
        scribble((uint8_t *)w->rings[0].events, 64 * 1024, seed);
        break;
    case 6:
        ring->head = mix64(*seed);
        break;
    case 7: { /* its file is cut short */
        char path[128];
        snprintf(path, sizeof path, "%s/segment.%u", w->stage->directory, w->ticket);
        uint64_t length = pick(seed, 2) ? pick(seed, (uint32_t)w->bytes) : pick(seed, 3) * 4096;
        CHECK(!truncate(path, (off_t)length), "truncate");
        break;
    }
    default: /* the count of rings */
        h->rings = mix64(*seed) & 0xffffffff;
    }
}

static void ask_everything(struct stage *stage, struct namer namers[3]) {
    static struct process_record records[8];
    static struct site_record sites[64];
    static struct module_record modules[64];
    static struct thread_record threads[64];
    static struct size_record sizes[SIZE_CLASSES];
    static uint8_t info[INFO_BYTES];
    uint32_t command_bytes;
    core_changes(stage->core, records, 8);
    for (uint32_t i = 0; i < 3; i++) {
        sites_of(stage->core, i, sites, 64);
        namer_catch_up(&namers[i], stage->core, i);
        core_modules(stage->core, i, 0, modules, 64);
        core_threads(stage->core, i, threads, 64);
        core_sizes(stage->core, i, sizes, SIZE_CLASSES);
        core_info(stage->core, i, info, &command_bytes);
    }
}

/* The bad writer's own view may be gone as well: it writes through the same mapping, so only before a cut. */
static void run(uint64_t first_seed) {
    uint64_t seed = first_seed;
    struct stage stage;
    stage_open(&stage);
    struct writer good, bad;
    struct namer namers[3] = {0};
    int pid = child_start();
    struct writer_options options = {.pid = getpid(), .rings = 2, .ring_events = 4096, .nodes = 200};
    writer_open(&good, &stage, &options);
    options.pid = pid;
    writer_open(&bad, &stage, &options);
    uint32_t area = pick(&seed, 9);
    bool before_attach = pick(&seed, 4) == 0;

    if (before_attach)
        damage(&bad, area, &seed);
    writer_announce(&good);
    writer_announce(&bad);
    uint32_t allocated = 0;
    for (uint32_t round = 0; round < 6; round++) {
        for (uint32_t i = 0; i < 500; i++)
            writer_alloc(&good, i % 2, HEAP + allocated++ * 16, 10, 2 + pick(&seed, 200));
        if (!before_attach && round < 3) {
            for (uint32_t i = 0; i < 500; i++)
                writer_alloc(&bad, i % 2, HEAP + i * 16, 10, 2 + pick(&seed, 200));
            if (round == 2)
                damage(&bad, area, &seed);
            if (round < 2 || area < 3) {
                writer_publish(&bad, 0, UINT32_MAX);
                writer_publish(&bad, 1, UINT32_MAX);
            }
        }
        writer_flush(&good);
        ask_everything(&stage, namers);
    }
    child_kill(pid);
    for (int i = 0; i < 3; i++)
        stage_pass(&stage);
    ask_everything(&stage, namers);

    struct process_record r = stage_record(&stage, 0);
    CHECK_EQUAL(r.flags, 0, "flags of the good process");
    CHECK_EQUAL(r.allocations, allocated, "allocations of the good process");
    CHECK_EQUAL(r.live_bytes, allocated * 10, "live bytes of the good process");
    r = stage_record(&stage, 1);
    CHECK_EQUAL(r.state, PROCESS_ENDED, "state of the bad process");
    CHECK(r.lost < UINT64_C(1) << 53, "lost events that fit no number");
    if (!before_attach)
        CHECK(r.allocations >= 1000,
              "what was read before the damage stands: %llu, flags %x, lost %llu, area %u",
              (unsigned long long)r.allocations, r.flags, (unsigned long long)r.lost, area);
    writer_close(&good);
    writer_close(&bad);
    stage_close(&stage);
}

int main(int argc, char **argv) {
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t seeds = argc > 2 ? strtoull(argv[2], NULL, 10) : 100;
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        if (getenv("VERBOSE"))
            fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
        run(seed);
    }
    printf("%llu damaged segments survived\n", (unsigned long long)seeds);
    return 0;
}
