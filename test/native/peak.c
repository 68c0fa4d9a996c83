/* peak.c — what each site held at the moment the heap was largest, compared with a model that copies it all.
 *
 * usage: peak FIRST_SEED SEEDS
 */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "test/native/writer.h"

#define BLOCKS 200
#define STACKS 30

struct model {
    uint64_t size[BLOCKS];
    uint32_t stack[BLOCKS];
    bool live[BLOCKS];
    uint64_t bytes[STACKS], blocks[STACKS], peak_bytes[STACKS], peak_blocks[STACKS];
    uint64_t total, peak;
};

static void step(struct model *m, struct writer *w, uint64_t *seed) {
    uint32_t i = pick(seed, BLOCKS);
    uint64_t address = UINT64_C(0x555555000000) + i * 48;
    if (m->live[i]) {
        writer_free(w, 0, address);
        m->bytes[m->stack[i]] -= m->size[i], m->blocks[m->stack[i]]--, m->total -= m->size[i];
        m->live[i] = false;
        return;
    }
    m->live[i] = true;
    m->size[i] = pick(seed, 20) ? pick(seed, 2000) : 0;
    m->stack[i] = pick(seed, 1 + pick(seed, STACKS));
    writer_alloc(w, 0, address, m->size[i], STACK_FIRST_NODE + m->stack[i]);
    m->bytes[m->stack[i]] += m->size[i], m->blocks[m->stack[i]]++, m->total += m->size[i];
    if (m->total <= m->peak)
        return;
    m->peak = m->total;
    memcpy(m->peak_bytes, m->bytes, sizeof m->bytes);
    memcpy(m->peak_blocks, m->blocks, sizeof m->blocks);
}

static void run(uint64_t first_seed) {
    uint64_t seed = first_seed;
    struct stage stage;
    struct writer writer;
    struct model *m = calloc(1, sizeof *m);
    stage_open(&stage);
    writer_open(&writer, &stage,
                &(struct writer_options){.pid = getpid(), .rings = 1, .ring_events = 1024, .nodes = STACKS});
    writer_announce(&writer);
    for (uint32_t round = 0; round < 10; round++) { /* looked at in between as well */
        for (uint32_t i = 0; i < 200; i++)
            step(m, &writer, &seed);
        writer_flush(&writer);
        struct site_record sites[STACKS];
        uint32_t count = sites_of(stage.core, 0, sites, STACKS);
        uint64_t peak_blocks = 0;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t stack = sites[i].stack - STACK_FIRST_NODE;
            CHECK_EQUAL(sites[i].peak_bytes, m->peak_bytes[stack], "bytes of a site at the peak");
            CHECK_EQUAL(sites[i].peak_blocks, m->peak_blocks[stack], "blocks of a site at the peak");
            CHECK_EQUAL(sites[i].live_bytes, m->bytes[stack], "live bytes of a site");
            peak_blocks += m->peak_blocks[stack];
        }
        struct process_record record = stage_record(&stage, 0);
        CHECK_EQUAL(record.peak_bytes, m->peak, "peak");
        CHECK_EQUAL(record.peak_blocks, peak_blocks, "blocks at the peak");
    }
    writer_close(&writer);
    stage_close(&stage);
    free(m);
}

/* One thread allocates, another frees, never more than 1000 blocks between them. */
static void stream_between_threads(void) {
    struct stage stage;
    struct writer w;
    stage_open(&stage);
    writer_open(&w, &stage,
                &(struct writer_options){.pid = getpid(), .rings = 2, .ring_events = 65536, .nodes = 1});
    writer_announce(&w);
    for (uint32_t i = 0; i < 60000; i++) {
        writer_alloc(&w, 0, UINT64_C(0x555555000000) + i * 32, 8, STACK_FIRST_NODE);
        if (i >= 1000)
            writer_free(&w, 1, UINT64_C(0x555555000000) + (i - 1000) * 32);
    }
    writer_flush(&w);
    struct process_record r = stage_record(&stage, 0);
    CHECK_EQUAL(r.live_blocks, 1000, "live blocks");
    CHECK(r.peak_blocks < 1500, "the peak is %llu blocks", (unsigned long long)r.peak_blocks);
    writer_close(&w);
    stage_close(&stage);
}

/* A second thread allocates, moment by moment; the first, which has been alone until then, frees it all. */
static void handed_back(void) {
    enum { MANY = 1000, BYTES = 1 << 20 };
    const uint64_t heap = UINT64_C(0x555555000000);
    struct stage stage;
    struct writer w;
    stage_open(&stage);
    writer_open(&w, &stage,
                &(struct writer_options){.pid = getpid(), .rings = 2, .ring_events = 8192, .nodes = 1});
    writer_announce(&w);
    writer_alloc_with(&w, 0, heap, 8, STACK_FIRST_NODE, ORDER_NONE);
    for (uint32_t i = 1; i <= MANY; i++) {
        writer_queue(&w, 1, event_pack_control(CONTROL_MOMENT, i | CONTROL_MOMENT_ORDERED));
        writer_alloc(&w, 1, heap + (uint64_t)i * 2 * BYTES, BYTES, STACK_FIRST_NODE);
    }
    writer_queue(&w, 0, event_pack_control(CONTROL_MOMENT, MANY | CONTROL_MOMENT_ORDERED));
    for (uint32_t i = 1; i <= MANY; i++)
        writer_free(&w, 0, heap + (uint64_t)i * 2 * BYTES);
    writer_publish(&w, 0, UINT32_MAX);
    writer_flush(&w);
    struct process_record r = stage_record(&stage, 0);
    CHECK_EQUAL(r.peak_bytes, (uint64_t)MANY * BYTES + 8, "peak");
    CHECK_EQUAL(r.live_bytes, 8, "live bytes");
    writer_close(&w);
    stage_close(&stage);
}

int main(int argc, char **argv) {
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t seeds = argc > 2 ? strtoull(argv[2], NULL, 10) : 100;
    stream_between_threads();
    handed_back();
    for (uint64_t seed = first; seed < first + seeds; seed++)
        run(seed);
    printf("%llu peaks exact per site\n", (unsigned long long)seeds);
    return 0;
}
