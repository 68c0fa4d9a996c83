/* trace.h — the bracket around every hook: enter, draw and publish, leave.
 *
 *     const struct caller *caller = CALLER();
 *     struct thread *t = trace_enter(caller);
 *     void *block = real.malloc(size);
 *     if (t) {
 *         trace_alloc(t, block, size, caller);
 *         trace_leave(t);
 *     }
 *
 * trace_enter yields NULL when the call is to pass through untraced: it is part of an outer traced call, the
 * process is not (or no longer) traced, or its event had to be dropped (counted). Until trace_leave, calls
 * from inside pass through, but for those of a signal handler. Preserves errno. Any thread, any time; a
 * signal handler may interrupt it anywhere, also leave it by longjmp.
 */
#ifndef MEMTRACE_SHIM_TRACE_H
#define MEMTRACE_SHIM_TRACE_H

#include "shim/ring.h"

struct thread *trace_enter_slow(const struct caller *caller);
void trace_note_clock(struct thread *t, uint32_t clock);
void trace_note_moment(struct thread *t, uint32_t moment);

INLINE void trace_begin(struct thread *t, const struct caller *caller) {
    t->busy = walk_call(caller_sp(caller), caller_pc(caller));
    signal_fence();
}

INLINE void trace_leave(struct thread *t) {
    signal_fence();
    t->busy = 0;
}

INLINE void trace_note_times(struct thread *t) {
    uint32_t clock = load_relaxed(&t->control->clock), moment = load_relaxed(&process->moment);
    if (unlikely(clock != t->clock))
        trace_note_clock(t, clock);
    if (unlikely(moment != t->moment))
        trace_note_moment(t, moment);
}

INLINE struct thread *trace_enter(const struct caller *caller) {
    struct thread *t = thread_self;
    if (unlikely(!t || t->busy))
        return trace_enter_slow(caller);
    trace_begin(t, caller);
    if (unlikely(!t->live ||
                 !ring_has_room(t))) { /* looked at now: before `busy` is set a handler may fork */
        trace_leave(t);
        return trace_enter_slow(caller);
    }
    trace_note_times(t);
    return t;
}

/* Enters once more after trace_leave, in the same hook, to publish an event whose ticket was drawn before.
 * Calls made in between published events of their own, but each only with room for twice its own: half of
 * RING_SLOTS_PER_CALL is still there. False: a handler came in between that forked, this is the child. */
INLINE bool trace_resume(struct thread *t, const struct caller *caller) {
    trace_begin(t, caller);
    if (likely(t->live))
        return true;
    trace_leave(t);
    return false;
}

/* The ticket of an event that is published after what it tells of: drawn before the real call. */
INLINE uint32_t trace_draw(struct thread *t, const void *block) {
    return process_draw(t->order, event_order_slot((uintptr_t)block));
}
/* Of one that is published before the program can know: none as long as there is one ring. */
INLINE uint32_t trace_draw_if_needed(struct thread *t, const void *block) {
    return likely(!load_relaxed(&process->ordered)) ? ORDER_NONE : trace_draw(t, block);
}

INLINE void trace_put(struct thread *t, struct event e) {
    uint64_t before = t->head;
    ring_put(t, e);
    ring_publish(t);
    ring_look_back_at_quarter(t, before);
}

/* Before the real call. */
INLINE void trace_free(struct thread *t, const void *block) {
    trace_put(t, event_pack(EVENT_FREE, (uintptr_t)block, 0, 0, trace_draw_if_needed(t, block)));
}
/* After the real call: `type` says what became of the old block, whose ticket was drawn before. */
INLINE void trace_moved(struct thread *t, const void *block, uint32_t ticket, enum event_type type) {
    trace_put(t, event_pack(type, (uintptr_t)block, 0, 0, ticket));
}

void trace_alloc(struct thread *t, const void *block, size_t size, const struct caller *caller);

/* Blocks of the interpreter's own allocators. True: Python code runs on this thread. */
bool trace_python_alloc(struct thread *t, const void *block, size_t size, const struct caller *caller);
/* A new object in a block that the interpreter had kept: of a list of free ones. */
void trace_python_reused(struct thread *t, const void *block, const struct caller *caller);
/* As trace_free and trace_moved. */
INLINE void trace_python_free(struct thread *t, const void *block) {
    trace_put(t,
              event_pack_python(EVENT_PYTHON_FREE, (uintptr_t)block, 0, 0, trace_draw_if_needed(t, block)));
}
INLINE void trace_python_moved(struct thread *t, const void *block, uint32_t ticket, enum python_event what) {
    if (ticket == ORDER_NONE) /* a second ring may have come meanwhile */
        ticket = trace_draw_if_needed(t, block);
    trace_put(t, event_pack_python(what, (uintptr_t)block, 0, 0, ticket));
}

/* Mappings, whole pages. A ticket for an unmapping is drawn before the real call; one that failed is
 * published with length 0. */
uint32_t trace_draw_map(struct thread *t);
void trace_map(struct thread *t, const void *address, size_t length, const struct caller *caller);
void trace_unmap(struct thread *t, const void *address, size_t length, uint32_t ticket);

/* Publishes a CONTROL_FORK before a fork. */
void trace_fork(const struct caller *caller);

#endif
