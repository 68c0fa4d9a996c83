/* real.c — finds the real functions, and serves allocations while it does. */
#define _GNU_SOURCE
#include "shim/real.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdint.h>
#include <string.h>

#include "shim/interpose/operators.h"
#include "shim/interpose/sandbox.h"
#include "shim/platform/arch.h"
#include "shim/platform/modules.h"

struct real real;
bool real_ready;

static bool resolving;

static bool is_of_libc(void *function) {
    return platform_is_one_module((uintptr_t)function, (uintptr_t)gnu_get_libc_version);
}

/* A look-up without a version passes over old versions, one with a version over what has none: of the two,
 * the one that is not libc's comes before it. */
static void *find_first(const char *name) {
    void *any = dlsym(RTLD_NEXT, name);
    void *first = any && is_of_libc(any) ? dlvsym(RTLD_NEXT, name, ARCH_FIRST_LIBC_VERSION) : NULL;
    return first ? first : any;
}

/* The program's own dlerror is not to hear of the names that are not there. A look-up that succeeds forgets
 * them; dlerror itself would wait for the locks of message catalogues, which whoever allocates first may
 * hold. */
static void forget_failures(void) {
    dlsym(RTLD_NEXT, "malloc");
}

bool real_resolve(void) {
    if (resolving)
        return false;
    resolving = true;
#define HOOK(result, name, ...)       *(void **)&real.name = dlsym(RTLD_NEXT, #name);
#define FIRST_HOOK(result, name, ...) *(void **)&real.name = find_first(#name);
#include "shim/hooks.def"
#undef HOOK
    operators_resolve();
    sandbox_resolve();
    forget_failures();
    store_release(&real_ready, true);
    resolving = false;
    return true;
}

/* The loader makes its message of a name that is not there with the malloc that comes first. */
bool real_resolve_below_malloc(void) {
    uintptr_t first = (uintptr_t)dlsym(RTLD_DEFAULT, "malloc");
    return platform_is_one_module(first, (uintptr_t)&real_ready) && real_resolve();
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
