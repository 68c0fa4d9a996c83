/* locked_malloc.c — the program's own malloc, statically inside it, as jemalloc is inside rustc: at its first
 * call, before any constructor, it maps its memory while it holds its lock. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include "bump.h"

#define REGION_BYTES ((size_t)1 << 24)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *region;
static size_t used;

void *malloc(size_t size) {
    pthread_mutex_lock(&lock);
    if (!region)
        region = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t at = used;
    used += ((size + 15) & ~(size_t)15) + 16;
    pthread_mutex_unlock(&lock);
    *(size_t *)(region + at) = size;
    return region + at + 16;
}

static void begin(void) {
    free(malloc(100));
}
__attribute__((section(".preinit_array"), used)) static void (*first)(void) = begin;

int main(void) {
    for (int i = 0; i < 1000; i++)
        free(malloc(100));
    puts("done");
    return 3;
}
