/* real.h — the functions that the hooks stand in front of.
 *
 * Resolved once, before the first hook returns, by dlsym(RTLD_NEXT): the one place where the shim calls into
 * the loader. While that runs, allocations come from a small static arena, whose blocks the hooks recognize.
 */
#ifndef MEMTRACE_SHIM_REAL_H
#define MEMTRACE_SHIM_REAL_H

#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "shim/util.h"

struct real {
#define HOOK(result, name, ...) result (*name)(__VA_ARGS__);
#include "shim/hooks.def"
#undef HOOK
};

extern struct real real;
extern bool real_ready;

/* Resolves. False while another call of it is under way (a hook called by dlsym): use the arena. */
bool real_resolve(void);
static inline bool real_available(void) {
    return likely(real_ready) || real_resolve();
}

/* The same for what an allocator calls: one inside the executable may do so at its first call, under its
 * lock, and the look-ups may need it. False until it is safe: use the system call. */
bool real_resolve_below_malloc(void);
static inline bool real_available_below_malloc(void) {
    return likely(real_ready) || real_resolve_below_malloc();
}

void *arena_allocate(size_t alignment, size_t size);
bool arena_owns(const void *block);
size_t arena_size(const void *block);

#endif
