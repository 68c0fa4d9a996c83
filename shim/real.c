/* real.c — finds the real functions, and serves allocations while it does. */
#define _GNU_SOURCE
#include "shim/real.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

struct real real;
bool real_ready;

static bool resolving;

bool real_resolve(void) {
    if (resolving)
        return false;
    resolving = true;
#define HOOK(result, name, ...) *(void **)&real.name = dlsym(RTLD_NEXT, #name);
#include "shim/hooks.def"
#undef HOOK
    store_release(&real_ready, true);
    resolving = false;
    return true;
}

/* Blocks carry their size in the 16 bytes before them. Never given back: dlsym's needs are a few hundred
 * bytes. */
static _Alignas(16) unsigned char arena[64 * 1024];
static size_t arena_used;

void *arena_allocate(size_t alignment, size_t size) {
    if (alignment < 16)
        alignment = 16;
    if (size > sizeof arena || alignment > 4096)
        return NULL;
    size_t need = size + alignment + 16;
    size_t start = __atomic_fetch_add(&arena_used, (need + 15) & ~(size_t)15, __ATOMIC_RELAXED);
    if (start + need > sizeof arena)
        return NULL;
    uintptr_t block = ((uintptr_t)arena + start + 16 + alignment - 1) & ~(uintptr_t)(alignment - 1);
    *(size_t *)(block - 16) = size;
    return (void *)block;
}

bool arena_owns(const void *block) {
    return (uintptr_t)block - (uintptr_t)arena < sizeof arena;
}

size_t arena_size(const void *block) {
    return *(const size_t *)((uintptr_t)block - 16);
}
