// many_stacks DEPTH — leaks one block of 16 bytes from each of 2^DEPTH different stacks.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NOINLINE __attribute__((noinline, noclone))

static void *volatile last;
NOINLINE static void descend(unsigned levels, uint64_t path);

NOINLINE static void left(unsigned levels, uint64_t path) {
    descend(levels, path);
    __asm__ volatile("" ::: "memory");
}
NOINLINE static void right(unsigned levels, uint64_t path) {
    descend(levels, path);
    __asm__ volatile("" ::: "memory");
}
NOINLINE static void descend(unsigned levels, uint64_t path) {
    if (levels == 0)
        last = malloc(16);
    else if (path & 1)
        left(levels - 1, path >> 1);
    else
        right(levels - 1, path >> 1);
    __asm__ volatile("" ::: "memory");
}

int main(int argc, char **argv) {
    unsigned depth = argc > 1 ? (unsigned)atoi(argv[1]) : 10;
    for (uint64_t path = 0; path < UINT64_C(1) << depth; path++)
        descend(depth, path * UINT64_C(0x9e3779b97f4a7c15)); // odd: each path once, in a mixed order
    fprintf(stderr, "expect mallocs=%llu stacks=%llu\n", 1ull << depth, 1ull << depth);
    return 0;
}
