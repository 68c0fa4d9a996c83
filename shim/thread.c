/* thread.c — makes and takes over thread states. Rules: thread.h. */
#include "shim/thread.h"

#include <string.h>

#include "shim/areas.h"
#include "shim/platform/os.h"

#define REFUSED_CALLS_START 64
#define REFUSED_CALLS_MOST  65536

__thread struct thread *thread_self;

static void begin(struct thread *t, uint32_t level) {
    struct ring *ring = t->ring;
    os_thread_name((char *)ring->name);
    ring->level = level;
    ring->generation++;
    store_release(&ring->tid, t->tid);
    t->busy = 0;
    t->nested = NULL;
    t->readable = (struct readable){0};
    remember_nothing(&t->remembered);
    store_release(&t->live, 1);
}

static bool is_read(const struct thread *t) {
    return load_acquire(&t->ring->tail) == load_relaxed(&t->head);
}

/* Takes over the ring of a thread that is gone, once the daemon has read it to the end. */
static struct thread *take_over(uint32_t tid, uint32_t level) {
    uint32_t rings = load_acquire(&process->own.rings);
    for (uint32_t i = 0; i < rings && i < RINGS_CAPACITY; i++) {
        struct thread *t = load_acquire(&process->threads[i]);
        if (!t || !is_read(t)) /* of most, without a system call */
            continue;
        uint32_t owner = load_acquire(&t->tid);
        if (owner == tid ? level != 0 || t == thread_self : os_thread_lives(process->pid, owner))
            continue;
        if (!is_read(t)) /* it had a last word before it was found gone */
            continue;
        if (!__atomic_compare_exchange_n(&t->tid, &owner, tid, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            continue;
        begin(t, level);
        return t;
    }
    return NULL;
}

/* Of those that could not be used when they were claimed, for want of memory. */
static uint32_t claim_spare_ring(void) {
    for (uint32_t i = 0; i < RINGS_CAPACITY / 64; i++)
        for (uint64_t word; (word = load_relaxed(&process->spare_rings[i]));) {
            uint64_t bit = word & -word;
            if (__atomic_fetch_and(&process->spare_rings[i], ~bit, __ATOMIC_ACQUIRE) & bit)
                return i * 64 + (uint32_t)__builtin_ctzll(bit);
        }
    return CLAIM_NONE;
}

static void keep_spare_ring(uint32_t index) {
    __atomic_fetch_or(&process->spare_rings[index / 64], UINT64_C(1) << index % 64, __ATOMIC_RELEASE);
}

static uint32_t claim_ring(void) {
    uint32_t spare = claim_spare_ring();
    if (spare != CLAIM_NONE)
        return spare;
    return areas_claim(&process->own.rings, RINGS_CAPACITY, 1, process->own.rings_offset,
                       &process->rings_reserved, sizeof(struct ring), 0);
}

static struct thread *create(uint32_t tid, uint32_t level) {
    uint32_t index = claim_ring();
    if (index == CLAIM_NONE)
        return NULL;
    /* A forked child finds what its parent's thread had, wiped. */
    struct thread *inherited = level == 0 ? thread_self : NULL;
    struct thread *t = inherited ? inherited : os_map_private(sizeof *t);
    if (t)
        t->events = areas_map_ring(index, RING_EVENTS_START);
    if (!t || !t->events) {
        if (t && !inherited)
            os_unmap(t, sizeof *t);
        keep_spare_ring(index);
        return NULL;
    }
    t->index = index;
    t->tid = tid;
    t->ring = &process->rings[index];
    t->size = RING_EVENTS_START;
    t->ring->size = RING_EVENTS_START;
    t->control = process->control;
    t->order = process->order;
    t->epoch = load_acquire(&process->epoch);
    begin(t, level);
    store_release(&process->threads[index], t);
    return t;
}

/* No signal handler comes in between: it would have to make a state too, or to leave this one half made. */
static struct thread *take_over_or_create(uint32_t level) {
    uint64_t signals = os_hold_signals();
    uint32_t tid = os_tid();
    struct thread *t = take_over(tid, level);
    if (!t)
        t = create(tid, level);
    if (t && t->index != 0) {
        store_relaxed(&process->ordered, 1);
        __atomic_thread_fence(__ATOMIC_SEQ_CST); /* before it looks at the clock */
    }
    os_let_signals(signals);
    return t;
}

/* Looking for a state costs thousands of system calls where all rings are taken: who found none passes over
 * more and more calls before it looks again. */
static __thread struct {
    uint32_t ticket; /* of the process: a forked child looks at once */
    uint32_t calls;  /* still to pass over */
    uint32_t wait;   /* after the next time */
} refused __attribute__((tls_model("initial-exec")));

static bool is_to_wait(void) {
    if (refused.ticket != process->ticket)
        refused.calls = refused.wait = 0;
    refused.ticket = process->ticket;
    return refused.calls && refused.calls--;
}

static void wait_longer(void) {
    refused.wait = refused.wait ? refused.wait * 2 : REFUSED_CALLS_START;
    if (refused.wait > REFUSED_CALLS_MOST)
        refused.wait = REFUSED_CALLS_MOST;
    refused.calls = refused.wait;
}

/* In a vfork child the state would be the parent's, with the id of a thread that is about to end: another
 * would take it over while the parent still uses it. */
static bool is_vfork_child(void) {
    return os_pid() != process->pid;
}

struct thread *thread_create(uint32_t level) {
    struct thread *t = NULL;
    if (!is_vfork_child() && !is_to_wait()) {
        t = take_over_or_create(level);
        if (!t)
            wait_longer();
        else
            refused.wait = 0;
    }
    if (!t)
        __atomic_fetch_add(&process->segment->lost, 1, __ATOMIC_RELAXED);
    return t;
}
