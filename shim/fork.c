/* fork.c — carries a hook that is under way over a fork. Rules: fork.h. */
#include "shim/fork.h"

#include <string.h>

#include "shim/nodes.h"
#include "shim/platform/os.h"
#include "shim/python/codes.h"
#include "shim/python/frames.h"
#include "shim/stack_table.h"

/* The process whose hook this thread is in, from fork_begin until that is over; 0: none. */
static __thread uint32_t carried_from __attribute__((tls_model("initial-exec")));

static bool is_inside(const struct caller *caller) {
    const struct thread *t = thread_self;
    struct readable range = {0};
    return t && t->busy && walk_relate(caller, &range, t->busy) != WALK_OUTSIDE;
}

/* What of the segment hooks use, in one piece or, where address space was given back between, in two. */
static void for_segment(void (*act)(void *address, size_t bytes)) {
    const struct segment_header *own = &process->own;
    act(process->base, own->nodes_offset + own->nodes_capacity * sizeof(struct node));
    act(process->python_codes, own->python_codes_bytes);
    for (struct thread *t = thread_self; t; t = t->nested)
        act(t->events, RING_BYTES);
}

static void for_states(void (*act)(void *address, size_t bytes)) {
    for (struct thread *t = thread_self, *nested; t; t = nested) {
        nested = t->nested;
        if (t->python)
            act(t->python, sizeof *t->python);
        act(t, sizeof *t);
    }
    if (process->codes)
        act(process->codes, sizeof *process->codes);
}

void fork_begin(struct forking *f, const struct caller *caller) {
    f->inside = is_inside(caller);
    if (!f->inside)
        return;
    f->signals = os_hold_signals();
    f->within = carried_from;
    carried_from = os_pid();
    memcpy(f->process, process, FORK_CARRIED);
    for_segment(os_keep_over_fork);
    for_states(os_copy_on_fork);
}

void fork_in_parent(const struct forking *f) {
    if (!f->inside)
        return;
    for_segment(os_drop_on_fork);
    for_states(os_wipe_on_fork);
    carried_from = f->within;
    os_let_signals(f->signals);
}

void fork_in_child(const struct forking *f) {
    if (!f->inside)
        return;
    memcpy(process, f->process, FORK_CARRIED);
    store_release(&process->phase, PROCESS_INSIDE);
    for_segment(os_map_zeros);
    for (struct thread *t = thread_self; t; t = t->nested)
        t->live = 0;
    os_let_signals(f->signals);
}

/* Everything is as in a child that was wiped. */
static void end(void) {
    for_segment(os_unmap);
    /* All of these are used again: process_inherit, thread.c. */
    for_states(os_wipe_on_fork);
    for_states(os_discard);
    nodes_forget();
    stack_table_forget();
    memset(&process->epoch, 0, sizeof *process - offsetof(struct process, epoch));
    store_release(&process->phase, PROCESS_NEW);
    carried_from = 0;
}

bool fork_is_carried(const struct caller *caller) {
    if (likely(!carried_from) || carried_from == os_pid())
        return false;
    if (is_inside(caller))
        return true;
    end();
    return false;
}
