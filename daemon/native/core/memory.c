/* memory.c — see memory.h. */
#define _GNU_SOURCE
#include "daemon/native/core/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

void *pages_map(size_t bytes) {
    void *pages =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void pages_unmap(void *pages, size_t bytes) {
    if (pages)
        munmap(pages, bytes);
}

void pages_make(void *pages, size_t bytes) {
    madvise(pages, bytes, MADV_POPULATE_WRITE);
}

void pages_clear(void *pages, size_t bytes) {
    madvise(pages, bytes, MADV_DONTNEED);
}

bool array_reserve(void *items, uint32_t *capacity, uint64_t needed, size_t item_bytes) {
    if (needed <= *capacity)
        return true;
    uint64_t grown = *capacity ? *capacity : 16;
    while (grown < needed)
        grown *= 2;
    if (grown > UINT32_MAX)
        return false;
    void **slot = items;
    char *larger = realloc(*slot, grown * item_bytes);
    if (!larger)
        return false;
    memset(larger + *capacity * item_bytes, 0, (grown - *capacity) * item_bytes);
    *slot = larger;
    *capacity = (uint32_t)grown;
    return true;
}

void array_shrink(void *items, uint32_t *capacity, uint32_t used, size_t item_bytes) {
    void **slot = items;
    if (used == *capacity)
        return;
    if (used == 0) {
        free(*slot);
        *slot = NULL;
        *capacity = 0;
        return;
    }
    void *smaller = realloc(*slot, used * item_bytes);
    if (!smaller)
        return;
    *slot = smaller;
    *capacity = used;
}

uint64_t monotonic_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static uint64_t loaded_ns; /* the time of day then */
static uint64_t loaded_monotonic_ns;

__attribute__((constructor)) static void note_load(void) {
    loaded_ns = clock_ns(CLOCK_REALTIME);
    loaded_monotonic_ns = clock_ns(CLOCK_MONOTONIC);
}

uint64_t session_ns(void) {
    return loaded_ns + (clock_ns(CLOCK_MONOTONIC) - loaded_monotonic_ns);
}

uint64_t session_ns_at(uint64_t at_us) {
    return loaded_ns + (at_us * 1000 - loaded_monotonic_ns);
}

uint64_t session_ns_of(uint64_t realtime_ns) {
    uint64_t now = session_ns();
    return realtime_ns > now ? now : realtime_ns < loaded_ns ? loaded_ns : realtime_ns;
}
