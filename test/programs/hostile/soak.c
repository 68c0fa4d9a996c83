/* soak.c MILLIONS — that many allocations and as many frees but for 1000 blocks, from changing stacks, sizes and ages. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#define LIVE 1000
static void *live[LIVE];
static uint64_t state = 1;
static __attribute__((noinline)) void *take(size_t size, int depth) {
    void *volatile block = depth ? take(size, depth - 1) : malloc(size);
    return block;
}
int main(int argc, char **argv) {
    uint64_t count = strtoull(argv[1], NULL, 10) * 1000000, bytes = 0, frees = 0;
    for (uint64_t i = 0; i < count; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        uint32_t slot = (state >> 33) % LIVE, size = 16 + (state >> 50) % 500;
        frees += live[slot] != NULL;
        free(live[slot]);
        live[slot] = take(size, (i >> 16) % 20);
        bytes += size;
    }
    printf("%llu %llu %llu\n", (unsigned long long)count, (unsigned long long)frees, (unsigned long long)bytes);
    return 0;
}
