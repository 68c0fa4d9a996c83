/* heap.c — the malloc family. What counts as what: docs/design/shim.md; bracket of a hook: shim/trace.h.
 *
 * A hook must not change what the program sees: result, errno, and the allocator that serves it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <malloc.h>

#include "shim/platform/os.h"
#include "shim/real.h"
#include "shim/trace.h"

static inline void traced(struct thread *t, void *block, size_t size, const struct caller *caller) {
    if (!t)
        return;
    if (likely(block != NULL))
        trace_alloc(t, block, size, caller);
    trace_leave(t);
}

EXPORT void *malloc(size_t size) {
    if (!real_available())
        return arena_allocate(16, size);
    const struct caller *caller = CALLER();
    struct thread *t = trace_enter(caller);
    void *block = real.malloc(size);
    traced(t, block, size, caller);
    return block;
}

EXPORT void *calloc(size_t count, size_t size) {
    if (!real_available())
        return size && count > SIZE_MAX / size
                   ? NULL
                   : arena_allocate(16, count * size); /* the arena is zero and never used twice */
    const struct caller *caller = CALLER();
    struct thread *t = trace_enter(caller);
    void *block = real.calloc(count, size);
    traced(t, block, count * size, caller);
    return block;
}

/* The allocator's head of a block is in no cache, mostly. A program that frees one block after another has
 * many of those misses under way at once; what a hook does in between would have them come one by one. */
static inline void will_release(const void *block) {
    __builtin_prefetch((const char *)block - sizeof(size_t), 1, 3);
}

static inline void release(void *block, const struct caller *caller) {
    will_release(block);
    struct thread *t = trace_enter(caller);
    if (t)
        trace_free(t, block);
    real.free(block);
    if (t)
        trace_leave(t);
}

/* Is this a pointer that the real allocator must not see? */
static inline bool not_freeable(const void *block) {
    return !block || unlikely(arena_owns(block)) || unlikely(!real_available());
}

EXPORT void free(void *block) {
    if (!not_freeable(block))
        release(block, CALLER());
}

EXPORT void cfree(void *block) {
    if (!not_freeable(block))
        release(block, CALLER());
}

EXPORT void free_sized(void *block, size_t size) {
    (void)size; /* a hint for the allocator; free() is always right */
    if (!not_freeable(block))
        release(block, CALLER());
}

EXPORT void free_aligned_sized(void *block, size_t alignment, size_t size) {
    (void)alignment, (void)size;
    if (!not_freeable(block))
        release(block, CALLER());
}

static void *move_out_of_arena(void *old, size_t size, const struct caller *caller) {
    bool into_arena = !real_available();
    struct thread *t = into_arena ? NULL : trace_enter(caller);
    void *block = into_arena ? arena_allocate(16, size) : real.malloc(size);
    if (block)
        memcpy(block, old, arena_size(old) < size ? arena_size(old) : size);
    traced(t, block, size, caller);
    return block;
}

/* A successful reallocation releases the old block and makes a new one; the ticket of the release is drawn
 * first, because the real call may give the old address to another thread. */
static inline void *reallocate(void *old, size_t size, const struct caller *caller) {
    if (unlikely(old && arena_owns(old)))
        return move_out_of_arena(old, size, caller);
    struct thread *t = trace_enter(caller);
    if (!t)
        return real.realloc(old, size);
    uint32_t ticket = old ? trace_draw(t, old) : 0;
    void *block = real.realloc(old, size);
    if (old)
        trace_moved(t, old, ticket, block ? EVENT_RELEASE : size == 0 ? EVENT_FREE : EVENT_CANCEL);
    if (block)
        trace_alloc(t, block, size, caller);
    trace_leave(t);
    return block;
}

INLINE void *reallocate_any(void *old, size_t size, const struct caller *caller) {
    if (!real_available())
        return old ? move_out_of_arena(old, size, caller) : arena_allocate(16, size);
    return reallocate(old, size, caller);
}

EXPORT void *realloc(void *old, size_t size) {
    return reallocate_any(old, size, CALLER());
}

EXPORT void *reallocarray(void *old, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return reallocate_any(old, bytes, CALLER());
}

EXPORT int posix_memalign(void **out, size_t alignment, size_t size) {
    if (!real_available())
        return (*out = arena_allocate(alignment, size)) ? 0 : ENOMEM;
    const struct caller *caller = CALLER();
    struct thread *t = trace_enter(caller);
    void *block = NULL;
    int error = real.posix_memalign(&block, alignment, size);
    traced(t, error ? NULL : block, size, caller);
    if (!error)
        *out = block; /* not before: whoever looks there may free it at once */
    return error;
}

EXPORT void *aligned_alloc(size_t alignment, size_t size) {
    if (!real_available())
        return arena_allocate(alignment, size);
    const struct caller *caller = CALLER();
    struct thread *t = trace_enter(caller);
    void *block = real.aligned_alloc(alignment, size);
    traced(t, block, size, caller);
    return block;
}

EXPORT void *memalign(size_t alignment, size_t size) {
    if (!real_available())
        return arena_allocate(alignment, size);
    const struct caller *caller = CALLER();
    struct thread *t = trace_enter(caller);
    void *block = real.memalign ? real.memalign(alignment, size) : real.aligned_alloc(alignment, size);
    traced(t, block, size, caller);
    return block;
}

EXPORT void *valloc(size_t size) {
    if (!real_available())
        return arena_allocate(os_page_size(), size);
    const struct caller *caller = CALLER();
    struct thread *t = trace_enter(caller);
    void *block = real.valloc ? real.valloc(size) : real.memalign(os_page_size(), size);
    traced(t, block, size, caller);
    return block;
}

EXPORT void *pvalloc(size_t size) {
    size_t page = os_page_size(), whole = (size + page - 1) & ~(page - 1);
    if (!real_available())
        return arena_allocate(page, whole);
    const struct caller *caller = CALLER();
    struct thread *t = trace_enter(caller);
    void *block = real.pvalloc ? real.pvalloc(size) : real.memalign(page, whole);
    traced(t, block, size, caller);
    return block;
}

EXPORT size_t malloc_usable_size(void *block) {
    if (!block)
        return 0;
    if (unlikely(arena_owns(block)))
        return arena_size(block);
    return real_available() && real.malloc_usable_size ? real.malloc_usable_size(block) : 0;
}
