/* crowd THREADS — so many threads at once, each with 2,000 blocks from different stacks: all meet new frames, and the
 * tables that know them grow under their hands. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline, noclone))
#define DEPTH    12
#define BLOCKS   2000

static NOINLINE void descend(uint64_t path, int depth);

#define WAY(n)                                              \
    static NOINLINE void way##n(uint64_t path, int depth) { \
        descend(path, depth);                               \
        __asm__ volatile("" ::: "memory");                  \
    }
WAY(0) WAY(1) WAY(2) WAY(3) WAY(4) WAY(5) WAY(6) WAY(7)

static void (*const ways[])(uint64_t, int) = {way0, way1, way2, way3, way4, way5, way6, way7};

static NOINLINE void descend(uint64_t path, int depth) {
    if (depth == 0) {
        void *volatile block = malloc(8);
        free(block);
        return;
    }
    ways[path & 7](path >> 3, depth - 1);
    __asm__ volatile("" ::: "memory");
}

static void *wander(void *number) {
    uint64_t path = (uintptr_t)number * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (int i = 0; i < BLOCKS; i++) {
        path ^= path << 13;
        path ^= path >> 7;
        path ^= path << 17;
        descend(path, DEPTH);
    }
    return NULL;
}

int main(int argc, char **argv) {
    long count = argc > 1 ? atol(argv[1]) : 64;
    pthread_t *threads = calloc((size_t)count, sizeof *threads);
    for (long i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, wander, (void *)(i + 1));
    for (long i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    printf("%ld\n", count * BLOCKS);
    free(threads);
    return 0;
}
