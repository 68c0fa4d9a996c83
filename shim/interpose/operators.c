/* operators.c — C++ operator new and delete, where an allocator brings its own (jemalloc, tcmalloc,
 * mimalloc).
 *
 * Those do not call malloc. libstdc++'s do: then the name is one jump to the real operator, without a frame,
 * so that neither stacks nor exceptions know of it. Which of the two is decided once for each name, when it
 * is first found.
 *
 * A library that was loaded with dlopen may bring an operator that is in its own scope only: its first call
 * finds it there (the one case in which a hook calls the loader).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shim/interpose/operators.h"
#include "shim/platform/arch.h"
#include "shim/platform/modules.h"
#include "shim/real.h"
#include "shim/trace.h"

/* Sizes, alignments, tags: what follows the first argument is handed on as it is. */
typedef void *new_function(size_t size, uintptr_t second, uintptr_t third);
typedef void delete_function(void *block, uintptr_t second, uintptr_t third);

/* Is it one that calls malloc? */
static bool is_of_the_language(void *function) {
    struct loaded_module module;
    if (!platform_find_module((uintptr_t)function, &module))
        return false;
    const char *slash = strrchr(module.path, '/'), *name = slash ? slash + 1 : module.path;
    return strncmp(name, "libstdc++.", 10) == 0 || strncmp(name, "libc++.", 7) == 0 ||
           strncmp(name, "libc++abi.", 10) == 0;
}

/* As the module at `pc` would have found it without us. The handle is kept: so is the module. */
static void *find_for(uintptr_t pc, const char *name) {
    struct link_map *module;
    Dl_info info;
    if (!dladdr1((void *)pc, &info, (void **)&module, RTLD_DL_LINKMAP) || !module->l_name[0])
        return NULL;
    void *handle = dlopen(module->l_name, RTLD_LAZY | RTLD_NOLOAD);
    void *found = handle ? dlsym(handle, name) : NULL;
    if (!found)
        dlerror(); /* nothing that the program asked for */
    return found;
}

/* Is it the allocator that serves malloc, too? */
static bool is_of_the_allocator(void *function) {
    return platform_is_one_module((uintptr_t)function, (uintptr_t)real.malloc);
}

static bool allocates(const struct event *event, const void *block) {
    return event_type(event) == EVENT_ALLOC && event_address(event) == (uintptr_t)block;
}

/* Is it the block of this thread's last event? To be asked before trace_enter, which may publish another. */
static bool was_just_counted(const void *block, const struct caller *caller) {
    struct thread *t = thread_self;
    if (!t || t->busy)
        return false;
    trace_begin(t, caller);
    bool counted = false;
    if (likely(t->live)) {
        const struct event *last = &t->events[(t->head - 1) & (t->size - 1)];
        const struct event *extended = &t->events[(t->head - 2) & (t->size - 1)];
        counted = allocates(last, block) || (allocates(extended, block) && event_is_extended(extended));
    }
    trace_leave(t);
    return counted;
}

/* Nothing is under way while an allocator's operator runs: it may call the program's new_handler, or throw,
 * and that is no part of the allocation. Should it call malloc after all, the block has been counted there.
 */
INLINE void *new_by_allocator(new_function *function, size_t size, uintptr_t second, uintptr_t third,
                              const struct caller *caller) {
    void *block = function(size, second, third);
    struct thread *t = block && !was_just_counted(block, caller) ? trace_enter(caller) : NULL;
    if (!t)
        return block;
    trace_alloc(t, block, size, caller);
    trace_leave(t);
    return block;
}

/* Somebody's operator, on top of malloc or not: what it calls is part of it. */
INLINE void *new_by_other(new_function *function, size_t size, uintptr_t second, uintptr_t third,
                          const struct caller *caller) {
    struct thread *t = trace_enter(caller);
    void *block = function(size, second, third);
    if (!t)
        return block;
    if (block)
        trace_alloc(t, block, size, caller);
    trace_leave(t);
    return block;
}

INLINE void delete_traced(delete_function *function, void *block, uintptr_t second, uintptr_t third,
                          const struct caller *caller) {
    if (!block || unlikely(arena_owns(block)))
        return;
    struct thread *t = trace_enter(caller);
    if (t)
        trace_free(t, block);
    function(block, second, third);
    if (t)
        trace_leave(t);
}

/* No operator is to be found: a C program looked whether there is one, and saw ours. */
static void *new_by_malloc(const char *name, size_t size, size_t alignment) {
    size_t bytes = size ? size : 1;
    return strstr(name, "align_val_t") ? memalign(alignment, bytes) : malloc(bytes);
}

/* Where the exported name jumps to is `target`: at first a function that looks where it should. */
struct operator_entry {
    void *real;
    void *target;
};

static void decide(struct operator_entry *entry, void *real_one, void *by_allocator, void *by_other) {
    if (!real_one)
        return;
    store_release(&entry->real, real_one);
    void *target = is_of_the_language(real_one)    ? real_one
                   : is_of_the_allocator(real_one) ? by_allocator
                                                   : by_other;
    store_release(&entry->target, target);
}

#define REAL(name) load_acquire(&operator_##name.real)

#define NEW(name)                                                                                            \
    static void *first_##name(size_t size, uintptr_t second, uintptr_t third);                               \
    __attribute__((used)) static struct operator_entry operator_##name = {.target = (void *)first_##name};   \
    static void *by_allocator_##name(size_t size, uintptr_t second, uintptr_t third) {                       \
        return new_by_allocator((new_function *)REAL(name), size, second, third, CALLER());                  \
    }                                                                                                        \
    static void *by_other_##name(size_t size, uintptr_t second, uintptr_t third) {                           \
        return new_by_other((new_function *)REAL(name), size, second, third, CALLER());                      \
    }                                                                                                        \
    static void *first_##name(size_t size, uintptr_t second, uintptr_t third) {                              \
        if (real_available())                                                                                \
            decide(&operator_##name, find_for(caller_pc(CALLER()), #name), (void *)by_allocator_##name,      \
                   (void *)by_other_##name);                                                                 \
        void *target = load_acquire(&operator_##name.target);                                                \
        return target == (void *)first_##name ? new_by_malloc(#name, size, second)                           \
                                              : ((new_function *)target)(size, second, third);               \
    }                                                                                                        \
    ARCH_TAIL_JUMP(name, "operator_" #name "+8")

#define DELETE(name)                                                                                         \
    static void first_##name(void *block, uintptr_t second, uintptr_t third);                                \
    __attribute__((used)) static struct operator_entry operator_##name = {.target = (void *)first_##name};   \
    static void by_allocator_##name(void *block, uintptr_t second, uintptr_t third) {                        \
        delete_traced((delete_function *)REAL(name), block, second, third, CALLER());                        \
    }                                                                                                        \
    static void first_##name(void *block, uintptr_t second, uintptr_t third) {                               \
        if (real_available())                                                                                \
            decide(&operator_##name, find_for(caller_pc(CALLER()), #name), (void *)by_allocator_##name,      \
                   (void *)by_allocator_##name);                                                             \
        void *target = load_acquire(&operator_##name.target);                                                \
        if (target == (void *)first_##name)                                                                  \
            free(block);                                                                                     \
        else                                                                                                 \
            ((delete_function *)target)(block, second, third);                                               \
    }                                                                                                        \
    ARCH_TAIL_JUMP(name, "operator_" #name "+8")

#include "shim/interpose/operators.def"
#undef NEW
#undef DELETE

void operators_resolve(void) {
    if (!dlsym(RTLD_NEXT, "_Znwm"))
        return; /* no C++ so far */
#define NEW(name)                                                                                            \
    decide(&operator_##name, dlsym(RTLD_NEXT, #name), (void *)by_allocator_##name, (void *)by_other_##name);
#define DELETE(name)                                                                                         \
    decide(&operator_##name, dlsym(RTLD_NEXT, #name), (void *)by_allocator_##name,                           \
           (void *)by_allocator_##name);
#include "shim/interpose/operators.def"
}
