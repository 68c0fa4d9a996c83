/* own_malloc.c — the program's own malloc, statically inside it: no preload comes before that. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bump.h"

static char region[1 << 24] __attribute__((aligned(16)));
static size_t used;
void *malloc(size_t size) {
    size_t at = __atomic_fetch_add(&used, ((size + 15) & ~(size_t)15) + 16, __ATOMIC_RELAXED);
    if (size > sizeof region || at + size + 32 > sizeof region)
        return NULL;
    *(size_t *)(region + at) = size;
    return region + at + 16;
}

int main(void) {
    for (int i = 0; i < 1000; i++)
        free(malloc(100));
    puts("done");
    return 3;
}
