/* hooks.c — hooks of the MEM and OBJ domains. What is published by whom: hooks.h.
 *
 * The context is handed through unchanged and each hook knows its original by itself, so that a reader that
 * sees a half-replaced allocator (PyMem_SetAllocator stores five words) still calls a matching pair.
 */
#include "shim/python/hooks.h"

#include "shim/python/codes.h"
#include "shim/python/interpreter.h"
#include "shim/python/reused.h"
#include "shim/trace.h"

/* Hooks made before the interpreter is initialized, and those made again after it lost them. The two never
 * share an original: when a tracer that was started between them stops, each is still right. */
#define LEVELS              2
#define MALLOCS_BEFORE_LOST 16

/* A debug allocator (-X dev) puts its own bytes between the block of malloc and the object. */
#define SERVED_OFFSET 64

__thread struct python_call python_call;

static struct python_allocator original[LEVELS][PYTHON_OBJ + 1];
static bool called;      /* a hook was called while Python code ran */
static uint32_t mallocs; /* that were made by Python code before that */
/* A block was published that is not malloc's. Where the interpreter allocates by malloc alone
 * (PYTHONMALLOC=malloc), none ever is, and no end of one is worth an event. */
static bool has_blocks;

static inline bool is_served_by_malloc(const void *block) {
    return (uintptr_t)block - python_call.served <= SERVED_OFFSET;
}

bool python_call_goes_on(const struct caller *caller) {
    struct readable range = {0};
    if (walk_relate(caller, &range, python_call.inside) != WALK_OUTSIDE)
        return true;
    python_call.inside = 0;
    return false;
}

static inline void enter(const struct caller *caller) {
    python_call.inside = walk_call(caller_sp(caller), caller_pc(caller));
    python_call.served = UINTPTR_MAX;
}

static inline void leave(void) {
    python_call.inside = 0;
}

static inline void allocated(void *block, size_t size, const struct caller *caller) {
    python_call.fresh = (uintptr_t)block;
    if (!block || is_served_by_malloc(block))
        return;
    struct thread *t = trace_enter(caller);
    if (!t)
        return;
    has_blocks = true;
    bool runs_python = trace_python_alloc(t, block, size, caller);
    trace_leave(t);
    if (likely(runs_python)) {
        if (!called)
            called = true;
        python_watch_reuse();
    }
}

INLINE void *serve_malloc(const struct python_allocator *real, void *context, size_t size,
                          const struct caller *caller) {
    if (python_is_inside(caller))
        return real->malloc(context, size);
    enter(caller);
    void *block = real->malloc(context, size);
    leave();
    allocated(block, size, caller);
    return block;
}

INLINE void *serve_calloc(const struct python_allocator *real, void *context, size_t count, size_t size,
                          const struct caller *caller) {
    if (python_is_inside(caller))
        return real->calloc(context, count, size);
    enter(caller);
    void *block = real->calloc(context, count, size);
    leave();
    allocated(block, count * size, caller);
    return block;
}

/* The ticket is drawn before the real call. It may be none: nobody else's object gets the address before this
 * thread has published and let go of the GIL. Room for its event is left by whatever is published inside
 * (RING_SLOTS_PER_CALL). */
INLINE void *serve_realloc(const struct python_allocator *real, void *context, void *old, size_t size,
                           const struct caller *caller) {
    if (python_is_inside(caller))
        return real->realloc(context, old, size);
    struct thread *t = old && has_blocks ? trace_enter(caller) : NULL;
    uint32_t ticket = t ? trace_draw_if_needed(t, old) : 0;
    if (t)
        trace_leave(t);
    enter(caller);
    void *block = real->realloc(context, old, size);
    leave();
    if (t && trace_resume(t, caller)) {
        trace_python_moved(t, old, ticket, block ? EVENT_PYTHON_RELEASE : EVENT_PYTHON_NOTHING);
        trace_leave(t);
    }
    allocated(block, size, caller);
    return block;
}

INLINE void serve_free(const struct python_allocator *real, void *context, void *block,
                       const struct caller *caller) {
    if (!block || python_is_inside(caller)) {
        real->free(context, block);
        return;
    }
    if (has_blocks || codes_may_have((uintptr_t)block)) {
        struct thread *t = trace_enter(caller);
        if (t && has_blocks)
            trace_python_free(t, block);
        codes_forget(t, (uintptr_t)block);
        if (t)
            trace_leave(t);
    }
    enter(caller);
    real->free(context, block);
    leave();
}

#define HOOKS(level, domain)                                                                                 \
    static void *malloc_##level##_##domain(void *context, size_t size) {                                     \
        return serve_malloc(&original[level][domain], context, size, CALLER());                              \
    }                                                                                                        \
    static void *calloc_##level##_##domain(void *context, size_t count, size_t size) {                       \
        return serve_calloc(&original[level][domain], context, count, size, CALLER());                       \
    }                                                                                                        \
    static void *realloc_##level##_##domain(void *context, void *old, size_t size) {                         \
        return serve_realloc(&original[level][domain], context, old, size, CALLER());                        \
    }                                                                                                        \
    static void free_##level##_##domain(void *context, void *block) {                                        \
        serve_free(&original[level][domain], context, block, CALLER());                                      \
    }
HOOKS(0, 1)
HOOKS(0, 2)
HOOKS(1, 1)
HOOKS(1, 2)
#define HOOKED(level, domain)                                                                                \
    {                                                                                                        \
        NULL, malloc_##level##_##domain, calloc_##level##_##domain, realloc_##level##_##domain,              \
            free_##level##_##domain                                                                          \
    }
static const struct python_allocator hooked[LEVELS][PYTHON_OBJ + 1] = {{{0}, HOOKED(0, 1), HOOKED(0, 2)},
                                                                       {{0}, HOOKED(1, 1), HOOKED(1, 2)}};

static void install(int level) {
    for (int domain = PYTHON_MEM; domain <= PYTHON_OBJ; domain++) {
        struct python_allocator now, ours = hooked[level][domain];
        python.get_allocator(domain, &now);
        if (now.malloc == hooked[0][domain].malloc)
            continue;
        original[level][domain] = now;
        ours.context = now.context;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        python.set_allocator(domain, &ours);
    }
}

void python_install_hooks(void) {
    called = false;
    mallocs = 0;
    install(0);
}

void python_noticed_malloc(void *thread_state) {
    /* Only the holder of the GIL may set allocators. */
    if (likely(called || mallocs >= MALLOCS_BEFORE_LOST) || python.current() != thread_state)
        return;
    if (++mallocs == MALLOCS_BEFORE_LOST)
        install(1);
}
