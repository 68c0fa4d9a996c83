/* trace.c — what hooks do between enter and leave, and the slow ways into it. Rules: trace.h. */
#include "shim/trace.h"

#include "shim/fork.h"
#include "shim/nodes.h"
#include "shim/platform/os.h"
#include "shim/python/frames.h"
#include "shim/python/hooks.h"
#include "shim/python/interpreter.h"
#include "shim/python/merge.h"

static NOINLINE void begin_epoch(struct thread *t, uint32_t epoch) {
    stacks_forget(&t->cache);
    remember_nothing(&t->remembered);
    t->epoch = epoch;
}

/* True: the stack is in t->remembered, else in t->frames. */
INLINE bool walk(struct thread *t, const struct caller *caller, uint32_t *epoch) {
    *epoch = load_acquire(&process->epoch);
    if (unlikely(*epoch != t->epoch))
        begin_epoch(t, *epoch);
    if (likely(remember_walk(&t->remembered, caller, &t->readable, key_seed(*epoch, 0))))
        return true;
    walk_stack(caller, &t->readable, &t->frames);
    if (!t->frames.truncated)
        t->remembered.too_deep = 0;
    return false;
}

INLINE uint32_t stack_of(struct thread *t, bool remembered, uint32_t epoch) {
    return likely(remembered) ? stacks_of_remembered(&t->cache, &t->remembered, &t->frames)
                              : stacks_of_frames(&t->cache, &t->frames, epoch);
}

static NOINLINE uint32_t capture_with_python(struct thread *t, bool remembered, uint32_t epoch) {
    uint32_t python_node = python_stack(t);
    return python_node ? python_merge(t, remembered, epoch, python_node) : stack_of(t, remembered, epoch);
}

INLINE uint32_t capture(struct thread *t, const struct caller *caller) {
    uint32_t epoch;
    bool remembered = walk(t, caller, &epoch);
    return likely(!python.active) ? stack_of(t, remembered, epoch)
                                  : capture_with_python(t, remembered, epoch);
}

static void put_extended(struct thread *t, struct event e, uint64_t value) {
    uint64_t before = t->head;
    ring_put(t, e);
    ring_put(t, (struct event){{value, 0}});
    ring_publish(t);
    ring_look_back_at_quarter(t, before);
}

NOINLINE void trace_note_moment(struct thread *t, uint32_t moment) {
    t->moment = moment;
    uint64_t ordered = load_relaxed(&process->ordered) ? CONTROL_MOMENT_ORDERED : 0;
    trace_put(t, event_pack_control(CONTROL_MOMENT, moment | ordered));
}

static NOINLINE void begin_moment(struct thread *t) {
    t->moved = 0;
    trace_note_moment(t, __atomic_add_fetch(&process->moment, 1, __ATOMIC_RELAXED));
}

/* Before the event of an allocation, which stays the thread's last. */
INLINE void moves(struct thread *t, size_t bytes) {
    t->moved += bytes;
    if (unlikely(t->moved >= MOMENT_BYTES))
        begin_moment(t);
}

/* The counter is in no cache, mostly: it comes while the stack is captured. */
INLINE void will_draw(const struct thread *t, const void *block) {
    if (unlikely(load_relaxed(&process->ordered)))
        __builtin_prefetch(&t->order[event_order_slot((uintptr_t)block)], 1, 3);
}

void trace_alloc(struct thread *t, const void *block, size_t size, const struct caller *caller) {
    moves(t, size);
    will_draw(t, block);
    uint32_t stack = capture(t, caller);
    uint32_t ticket = trace_draw_if_needed(t, block);
    if (unlikely(python.active))
        python_note_served(block);
    if (likely(size < EVENT_SIZE_EXTENDED))
        trace_put(t, event_pack(EVENT_ALLOC, (uintptr_t)block, (uint32_t)size, stack, ticket));
    else
        put_extended(t, event_pack(EVENT_ALLOC, (uintptr_t)block, EVENT_SIZE_EXTENDED, stack, ticket), size);
}

/* The Python stack of whoever holds the GIL, with native frames when the user wants them; where no Python
 * code runs, the native one. */
INLINE uint32_t capture_python(struct thread *t, const struct caller *caller, bool *runs_python) {
    void *state = python.current();
    uint32_t stack = state && t == thread_self ? python_frames_node(t, state) : STACK_NONE;
    *runs_python = stack != STACK_NONE;
    if (likely(*runs_python && !load_relaxed(&t->control->python_native)))
        return stack;
    uint32_t epoch;
    bool remembered = walk(t, caller, &epoch);
    return *runs_python ? python_merge(t, remembered, epoch, stack) : stack_of(t, remembered, epoch);
}

bool trace_python_alloc(struct thread *t, const void *block, size_t size, const struct caller *caller) {
    bool runs_python;
    will_draw(t, block);
    uint32_t stack = capture_python(t, caller, &runs_python);
    uint32_t ticket = trace_draw_if_needed(t, block);
    bool fits = size <= EVENT_PYTHON_SIZE_MASK;
    if (unlikely(!fits))
        __atomic_fetch_add(&process->segment->lost, 1, __ATOMIC_RELAXED);
    trace_put(t, event_pack_python(fits ? EVENT_PYTHON_ALLOC : EVENT_PYTHON_NOTHING, (uintptr_t)block,
                                   fits ? (uint32_t)size : 0, fits ? stack : 0, ticket));
    return runs_python;
}

void trace_python_reused(struct thread *t, const void *block, const struct caller *caller) {
    bool runs_python;
    will_draw(t, block);
    uint32_t stack = capture_python(t, caller, &runs_python);
    uint32_t ticket = trace_draw_if_needed(t, block);
    trace_put(t, event_pack_python(EVENT_PYTHON_REUSED, (uintptr_t)block, 0, stack, ticket));
}

uint32_t trace_draw_map(struct thread *t) {
    return process_draw(t->order, ORDER_MAPS);
}

static uint64_t whole_pages(size_t length) {
    uint64_t page = os_page_size();
    return ((uint64_t)length + page - 1) & ~(page - 1);
}

/* Can an event name it? The system maps beyond that only for who asks for an address there, but what a
 * program wants unmapped may be any number. */
static bool has_name(const void *address, size_t length) {
    return ((uintptr_t)address | ((uintptr_t)address + length)) >> (EVENT_ADDRESS_BITS + 3) == 0;
}

void trace_map(struct thread *t, const void *address, size_t length, const struct caller *caller) {
    if (unlikely(!has_name(address, length))) {
        __atomic_fetch_add(&process->segment->lost, 1, __ATOMIC_RELAXED);
        return;
    }
    uint32_t ticket = trace_draw_map(t);
    uint32_t stack = unlikely(python_is_inside(caller)) ? nodes_child(STACK_NONE, NODE_PC_PYTHON_ARENA)
                                                        : capture(t, caller);
    put_extended(t, event_pack(EVENT_MAP, (uintptr_t)address, 0, stack, ticket), whole_pages(length));
}

void trace_unmap(struct thread *t, const void *address, size_t length, uint32_t ticket) {
    if (unlikely(!has_name(address, length))) {
        address = NULL;
        length = 0;
    }
    put_extended(t, event_pack(EVENT_UNMAP, (uintptr_t)address, 0, 0, ticket), whole_pages(length));
}

NOINLINE void trace_note_clock(struct thread *t, uint32_t clock) {
    t->clock = clock;
    __atomic_thread_fence(__ATOMIC_ACQUIRE); /* before it looks whether there is a second ring */
    trace_put(t, event_pack_control(CONTROL_CLOCK, clock));
    if (unlikely(load_relaxed(&t->control->stopped)))
        process_detach(DETACH_STOPPED);
}

/* A handler left the shim by longjmp: what it was doing will not go on. An event of two slots may be half
 * written. */
static void abandon_call(struct thread *t) {
    t->head = load_relaxed(&t->ring->head);
    signal_fence();
    t->busy = 0;
}

/* The call that is making a state. A signal handler that comes right after, when signals are let in again,
 * must not make one too: where signals come faster than states are made, that would never end. */
static __thread uint64_t making __attribute__((tls_model("initial-exec")));

static bool is_making(const struct caller *caller, struct readable *range) {
    if (making && walk_relate(caller, range, making) == WALK_OUTSIDE)
        making = 0; /* left by a longjmp */
    return making != 0;
}

static struct thread *make_state(const struct caller *caller, struct readable *range, uint32_t level) {
    if (is_making(caller, range)) {
        __atomic_fetch_add(&process->segment->lost, 1, __ATOMIC_RELAXED);
        return NULL;
    }
    making = walk_call(caller_sp(caller), caller_pc(caller));
    signal_fence();
    struct thread *t = thread_create(level);
    signal_fence();
    making = 0;
    return t;
}

/* Begins with the thread's own state and goes on to that of a signal handler while the former is in use. */
static struct thread *find_free_state(const struct caller *caller) {
    struct readable range = {0};
    struct thread **at = &thread_self;
    for (uint32_t level = 0; level < THREAD_LEVELS; level++) {
        struct thread *t = *at;
        if (!t || !t->live) {
            t = make_state(caller, &range, level);
            if (t)
                *at = t;
            return t;
        }
        if (!t->busy)
            return t;
        switch (walk_relate(caller, &range, t->busy)) {
        case WALK_INSIDE:
            return NULL;
        case WALK_OUTSIDE:
            abandon_call(t);
            return t;
        case WALK_HANDLER:
            at = &t->nested;
        }
    }
    __atomic_fetch_add(&process->segment->lost, 1, __ATOMIC_RELAXED);
    return NULL;
}

NOINLINE struct thread *trace_enter_slow(const struct caller *caller) {
    if (fork_is_carried(caller))
        return NULL;
    uint32_t phase = process ? load_acquire(&process->phase) : PROCESS_NEW;
    if (phase != PROCESS_TRACED && (phase != PROCESS_NEW || !process_start()))
        return NULL;
    struct thread *t = find_free_state(caller);
    if (!t)
        return NULL;
    trace_begin(t, caller);
    if (!t->live || (!ring_has_room(t) && !ring_wait(t))) {
        trace_leave(t);
        return NULL;
    }
    trace_note_times(t);
    return t;
}

void trace_fork(const struct caller *caller) {
    struct thread *t = trace_enter(caller);
    if (!t) {
        process_forget_fork();
        return;
    }
    trace_put(t, event_pack_control(CONTROL_FORK, process_fork_serial()));
    trace_leave(t);
}
