/* depth DEPTH ANEW MILLIONS: so many million blocks, each allocated and freed DEPTH frames below main's; between two of
 * them it returns from ANEW frames and calls as many anew. Says how many blocks there were. */
#include <stdio.h>
#include <stdlib.h>

static long left;
static int anew;

static __attribute__((noinline)) void leaf(void) {
    void *volatile block = malloc(48);
    free(block);
    left--;
}

/* Calls itself down to the leaf; the frame that is ANEW above it starts over. */
static __attribute__((noinline)) void descend(int depth) {
    do {
        if (depth > 1)
            descend(depth - 1);
        else
            leaf();
        __asm__ volatile(""); /* no tail call, no merged frames */
    } while (depth == anew && left > 0);
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    int depth = atoi(argv[1]);
    anew = atoi(argv[2]);
    long blocks = (long)(atof(argv[3]) * 1e6);
    left = blocks;
    descend(depth);
    printf("%ld\n", blocks);
    return 0;
}
