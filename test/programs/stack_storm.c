// stack_storm STACKS quiet|steady|storm SECONDS — a live block from each of so many different stacks; then sleeps,
// replaces a thousand of them per second, or as many as it can. Says how long the longest malloc took meanwhile.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

static void **blocks;
static double longest;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

NOINLINE static void replace(uint32_t at) {
    free(blocks[at]);
    double start = now();
    blocks[at] = malloc(16 + (at & 255));
    double took = now() - start;
    if (took > longest)
        longest = took;
}

NOINLINE static void descend(unsigned levels, uint32_t path, uint32_t at);

NOINLINE static void left(unsigned levels, uint32_t path, uint32_t at) {
    descend(levels, path, at);
    __asm__ volatile("" ::: "memory");
}
NOINLINE static void right(unsigned levels, uint32_t path, uint32_t at) {
    descend(levels, path, at);
    __asm__ volatile("" ::: "memory");
}
NOINLINE static void descend(unsigned levels, uint32_t path, uint32_t at) {
    if (levels == 0)
        replace(at);
    else if (path & 1)
        left(levels - 1, path >> 1, at);
    else
        right(levels - 1, path >> 1, at);
    __asm__ volatile("" ::: "memory");
}

int main(int argc, char **argv) {
    uint32_t stacks = argc > 1 ? (uint32_t)atoi(argv[1]) : 1000;
    const char *then = argc > 2 ? argv[2] : "quiet";
    double seconds = argc > 3 ? atof(argv[3]) : 1;
    unsigned levels = 1;
    while ((UINT32_C(1) << levels) < stacks)
        levels++;
    blocks = calloc(stacks, sizeof *blocks);
    for (uint32_t at = 0; at < stacks; at++)
        descend(levels, at, at);
    fprintf(stderr, "ready\n");
    longest = 0;
    uint32_t at = 0;
    for (double end = now() + seconds; now() < end;) {
        if (!strcmp(then, "quiet")) {
            usleep(10000);
            continue;
        }
        for (unsigned times = !strcmp(then, "steady") ? 10 : 1000; times > 0; times--) {
            descend(levels, at, at);
            at = (at + 7919) % stacks;
        }
        if (!strcmp(then, "steady"))
            usleep(10000);
    }
    fprintf(stderr, "longest malloc %.3f ms\n", 1e3 * longest);
    return 0;
}
