/* hooks.c — hooks of the MEM and OBJ domains. What is published by whom: hooks.h.
 *
 * The context is handed through unchanged and each hook knows its original by itself, so that a reader that
 * sees a half-replaced allocator (PyMem_SetAllocator stores five words) still calls a matching pair.
 */
#include "shim/python/hooks.h"

#include <string.h>

#include "shim/python/codes.h"
#include "shim/python/debug.h"
#include "shim/python/interpreter.h"
#include "shim/python/reused.h"
#include "shim/trace.h"

/* Each time that allocators are found that were not seen before, hooks of another level go in front of them.
 * A level's original is never replaced: whoever restores a table that it saved gets hooks that are still
 * right, and allocators that call hooks of ours themselves (tracemalloc) never are what those call. */
#define LEVELS 4

/* Calls of malloc, without one of a hook in between, after which a thread looks whether they are there. */
#define MALLOCS_BEFORE_LOOK 16

/* A debug allocator (-X dev) puts its own bytes between the block of malloc and the object. */
#define SERVED_OFFSET 64

__thread struct python_call python_call;

static struct original {
    struct python_allocator allocator;
    /* Where that is the interpreter's debug allocator; else NULL and all 0. */
    const struct python_debug *debug;
    struct python_allocator beneath_debug;
} original[LEVELS][PYTHON_OBJ + 1];
static const struct python_allocator hooked[LEVELS][PYTHON_OBJ + 1];
static int levels[PYTHON_OBJ + 1]; /* that are in use */
/* A block was published that is not malloc's. Where the interpreter allocates by malloc alone
 * (PYTHONMALLOC=malloc), none ever is, and no end of one is worth an event. */
static bool has_blocks;

static inline bool is_served_by_malloc(const void *block) {
    return (uintptr_t)block - python_call.served <= SERVED_OFFSET;
}

/* The debug allocator was set up anew, and calls the hook that calls it. */
INLINE bool is_behind_debug(int level, int domain) {
    const struct python_debug *debug = original[level][domain].debug;
    return unlikely(debug) && unlikely(debug_calls(debug, &hooked[level][domain]));
}

bool python_call_goes_on(const struct caller *caller) {
    struct readable range = {0};
    if (walk_relate(caller, &range, python_call.inside) != WALK_OUTSIDE)
        return true;
    python_call.inside = 0;
    return false;
}

static inline void enter(int domain, const struct caller *caller) {
    python_call.called |= 1u << domain;
    python_call.inside = walk_call(caller_sp(caller), caller_pc(caller));
    python_call.served = UINTPTR_MAX;
}

static inline void leave(void) {
    python_call.inside = 0;
}

static void look_for_loss(bool for_long);

static uint64_t pass_beneath(const struct caller *caller) {
    look_for_loss(false);
    uint64_t before = python_call.inside;
    python_call.inside = walk_call(caller_sp(caller), caller_pc(caller));
    return before;
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
    if (likely(runs_python))
        python_watch_reuse();
}

/* The first call after the debug allocator was set up anew, for a block with its bytes around it: that is not
 * published. What the debug allocator called before serves it; a hook among that is told nothing either. */
static NOINLINE void *malloc_beneath(int level, int domain, size_t size, const struct caller *caller) {
    const struct python_allocator *real = &original[level][domain].beneath_debug;
    uint64_t before = pass_beneath(caller);
    void *block = real->malloc(real->context, size);
    python_call.inside = before;
    return block;
}

static NOINLINE void *calloc_beneath(int level, int domain, size_t count, size_t size,
                                     const struct caller *caller) {
    const struct python_allocator *real = &original[level][domain].beneath_debug;
    uint64_t before = pass_beneath(caller);
    void *block = real->calloc(real->context, count, size);
    python_call.inside = before;
    return block;
}

static NOINLINE void *realloc_beneath(int level, int domain, void *old, size_t size,
                                      const struct caller *caller) {
    const struct python_allocator *real = &original[level][domain].beneath_debug;
    uint64_t before = pass_beneath(caller);
    void *block = real->realloc(real->context, old, size);
    python_call.inside = before;
    return block;
}

static NOINLINE void free_beneath(int level, int domain, void *block, const struct caller *caller) {
    const struct python_allocator *real = &original[level][domain].beneath_debug;
    uint64_t before = pass_beneath(caller);
    real->free(real->context, block);
    python_call.inside = before;
}

INLINE void *serve_malloc(int level, int domain, void *context, size_t size, const struct caller *caller) {
    const struct python_allocator *real = &original[level][domain].allocator;
    if (is_behind_debug(level, domain))
        return malloc_beneath(level, domain, size, caller);
    if (python_is_inside(caller))
        return real->malloc(context, size);
    enter(domain, caller);
    void *block = real->malloc(context, size);
    leave();
    allocated(block, size, caller);
    return block;
}

INLINE void *serve_calloc(int level, int domain, void *context, size_t count, size_t size,
                          const struct caller *caller) {
    const struct python_allocator *real = &original[level][domain].allocator;
    if (is_behind_debug(level, domain))
        return calloc_beneath(level, domain, count, size, caller);
    if (python_is_inside(caller))
        return real->calloc(context, count, size);
    enter(domain, caller);
    void *block = real->calloc(context, count, size);
    leave();
    allocated(block, count * size, caller);
    return block;
}

/* The ticket is drawn before the real call. It may be none: nobody else's object gets the address before this
 * thread has published and let go of the GIL. Room for its event is left by whatever is published inside
 * (RING_SLOTS_PER_CALL). */
INLINE void *serve_realloc(int level, int domain, void *context, void *old, size_t size,
                           const struct caller *caller) {
    const struct python_allocator *real = &original[level][domain].allocator;
    if (is_behind_debug(level, domain))
        return realloc_beneath(level, domain, old, size, caller);
    if (python_is_inside(caller))
        return real->realloc(context, old, size);
    struct thread *t = old && has_blocks ? trace_enter(caller) : NULL;
    uint32_t ticket = t ? trace_draw_if_needed(t, old) : 0;
    if (t)
        trace_leave(t);
    enter(domain, caller);
    void *block = real->realloc(context, old, size);
    leave();
    if (t && trace_resume(t, caller)) {
        trace_python_moved(t, old, ticket, block ? EVENT_PYTHON_RELEASE : EVENT_PYTHON_NOTHING);
        trace_leave(t);
    }
    allocated(block, size, caller);
    return block;
}

INLINE void serve_free(int level, int domain, void *context, void *block, const struct caller *caller) {
    const struct python_allocator *real = &original[level][domain].allocator;
    if (is_behind_debug(level, domain)) {
        free_beneath(level, domain, block, caller);
        return;
    }
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
    enter(domain, caller);
    real->free(context, block);
    leave();
}

#define HOOKS(level, domain)                                                                                 \
    static void *malloc_##level##_##domain(void *context, size_t size) {                                     \
        return serve_malloc(level, domain, context, size, CALLER());                                         \
    }                                                                                                        \
    static void *calloc_##level##_##domain(void *context, size_t count, size_t size) {                       \
        return serve_calloc(level, domain, context, count, size, CALLER());                                  \
    }                                                                                                        \
    static void *realloc_##level##_##domain(void *context, void *old, size_t size) {                         \
        return serve_realloc(level, domain, context, old, size, CALLER());                                   \
    }                                                                                                        \
    static void free_##level##_##domain(void *context, void *block) {                                        \
        serve_free(level, domain, context, block, CALLER());                                                 \
    }
HOOKS(0, 1)
HOOKS(0, 2)
HOOKS(1, 1)
HOOKS(1, 2)
HOOKS(2, 1)
HOOKS(2, 2)
HOOKS(3, 1)
HOOKS(3, 2)
#define HOOKED(level, domain)                                                                                \
    {                                                                                                        \
        NULL, malloc_##level##_##domain, calloc_##level##_##domain, realloc_##level##_##domain,              \
            free_##level##_##domain                                                                          \
    }
#define LEVEL(level)                                                                                         \
    { {0}, HOOKED(level, 1), HOOKED(level, 2) }
static const struct python_allocator hooked[LEVELS][PYTHON_OBJ + 1] = {LEVEL(0), LEVEL(1), LEVEL(2),
                                                                       LEVEL(3)};

static void put(int level, int domain) {
    struct python_allocator ours = hooked[level][domain];
    ours.context = original[level][domain].allocator.context;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    python.set_allocator(domain, &ours);
}

static void put_new(int domain, const struct python_allocator *now) {
    int level = levels[domain];
    const struct python_debug *debug = debug_of(now, domain);
    original[level][domain] = (struct original){.allocator = *now, .debug = debug};
    if (debug)
        original[level][domain].beneath_debug = debug->beneath;
    store_release(&levels[domain], level + 1);
    put(level, domain);
}

static bool is_ours(const struct python_allocator *now, int domain) {
    for (int level = 0; level < LEVELS; level++)
        if (now->malloc == hooked[level][domain].malloc)
            return true;
    return false;
}

void python_install_hooks(void) {
    for (int domain = PYTHON_MEM; domain <= PYTHON_OBJ; domain++) {
        struct python_allocator now;
        python.get_allocator(domain, &now);
        if (is_ours(&now, domain))
            continue;
        levels[domain] = 0;
        put_new(domain, &now);
    }
}

/* Blocks were freed that no hook was told of: of code objects, too. */
static void void_codes(void) {
    struct codes *codes = load_acquire(&process->codes);
    if (!codes)
        return;
    store_release(&codes->missed, 1);
    __atomic_add_fetch(&codes->epoch, 1, __ATOMIC_RELEASE);
}

static bool is_same(const struct python_allocator *a, const struct python_allocator *b) {
    return !memcmp(a, b, sizeof *a);
}

/* False: they are there. Allocators that are new may call ours: they are taken for a loss only where no hook
 * was called for long (`for_long`). */
static bool put_again(int domain, bool for_long) {
    struct python_allocator now;
    python.get_allocator(domain, &now);
    if (is_ours(&now, domain))
        return false;
    for (int level = 0; level < levels[domain]; level++)
        if (is_same(&now, &original[level][domain].allocator)) {
            if (is_behind_debug(level, domain) &&
                !debug_move_beneath(domain, &original[level][domain].beneath_debug))
                return false;
            put(level, domain);
            return true;
        }
    if (!for_long || python_call.called >> domain & 1)
        return false;
    if (levels[domain] == LEVELS) {
        process->segment->python_refusal = PYTHON_REFUSED_ALLOCATORS;
        return false;
    }
    put_new(domain, &now);
    return true;
}

/* Only the holder of the GIL may set allocators. */
static NOINLINE void look_for_loss(bool for_long) {
    bool lost = put_again(PYTHON_MEM, for_long);
    lost |= put_again(PYTHON_OBJ, for_long);
    if (lost)
        void_codes();
}

void python_noticed_start(void) {
    look_for_loss(false);
}

void python_noticed_malloc(void *thread_state) {
    if (python_call.called != (1u << PYTHON_MEM | 1u << PYTHON_OBJ)) {
        if (likely(++python_call.mallocs < MALLOCS_BEFORE_LOOK))
            return;
        if (python.current() == thread_state)
            look_for_loss(true);
    }
    python_call.called = python_call.mallocs = 0;
}
