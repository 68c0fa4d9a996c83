/* order.c — random programs of several threads through the real reader, compared with a plain model.
 *
 *   for every program and every order in which its rings are read:
 *       counts(core) = counts(model)
 *       published(block) <= birth(block) <= end of the first round after that
 *
 * order/steps.c makes the programs, order/model.c knows what they did, order/publish.c
 * lets the core read them, order/compare.c asks it.
 *
 * usage: order FIRST_SEED SEEDS
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "test/native/order/compare.h"
#include "test/native/order/steps.h"

static void run(uint64_t first_seed) {
    uint64_t seed = first_seed * UINT64_C(0xd1342543de82ef95);
    struct stage stage;
    struct writer writer;
    struct model *model = calloc(1, sizeof *model);
    stage_open(&stage);
    writer_open(
        &writer, &stage,
        &(struct writer_options){
            .pid = getpid(), .rings = THREADS, .ring_events = 8u << pick(&seed, 10), .nodes = STACKS});
    uint32_t steps = 20 + pick(&seed, 3000);
    uint32_t alone = pick(&seed, 2) ? pick(&seed, steps) : 0;
    for (uint32_t i = 0; i < steps; i++) {
        writer.ordered = i >= alone;
        step(model, &writer, i < alone ? 0 : pick(&seed, THREADS), &seed);
    }
    for (uint32_t thread = 0; thread < THREADS; thread++) {
        while (model->thread[thread].phase != IDLE)
            step(model, &writer, thread, &seed);
    }
    writer_announce(&writer);
    struct moments times[THREADS];
    moments_open(times, &writer);
    publish_in_random_order(&writer, &stage, times, &seed);
    compare(&stage, model, times);
    moments_close(times);
    writer_close(&writer);
    stage_close(&stage);
    free(model);
}

int main(int argc, char **argv) {
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t seeds = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        if (getenv("VERBOSE"))
            fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
        run(seed);
    }
    printf("%llu programs counted exactly\n", (unsigned long long)seeds);
    return 0;
}
