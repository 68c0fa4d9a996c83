/* thread.c — makes and takes over thread states. Rules: thread.h. */
#include "shim/thread.h"

#include <string.h>

#include "shim/platform/os.h"

#define CONTROL_LINES_GRANULE 4096

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

/* Takes over the ring of a thread that is gone, once the daemon has read it to the end. */
static struct thread *take_over(uint32_t tid, uint32_t level) {
    uint32_t rings = load_acquire(&process->own.rings);
    for (uint32_t i = 0; i < rings && i < RINGS_CAPACITY; i++) {
        struct thread *t = load_acquire(&process->threads[i]);
        if (!t || load_acquire(&t->ring->tail) != t->head)
            continue;
        uint32_t owner = load_acquire(&t->tid);
        if (owner == tid ? level != 0 || t == thread_self : os_thread_lives(process->pid, owner))
            continue;
        if (!__atomic_compare_exchange_n(&t->tid, &owner, tid, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            continue;
        begin(t, level);
        return t;
    }
    return NULL;
}

/* First the one that could not be used when it was claimed: the thread tries again at each call. */
static uint32_t claim_ring(void) {
    uint32_t spare = __atomic_exchange_n(&process->spare_ring, 0, __ATOMIC_ACQUIRE);
    if (spare)
        return spare - 1;
    return process_claim(&process->own.rings, RINGS_CAPACITY, 1, process->own.rings_offset,
                         &process->rings_reserved, sizeof(struct ring), CONTROL_LINES_GRANULE);
}

static struct thread *create(uint32_t tid, uint32_t level) {
    /* A forked child finds what its parent's thread had, wiped. */
    struct thread *inherited = level == 0 ? thread_self : NULL;
    struct thread *t = inherited ? inherited : os_map_private(sizeof *t);
    if (!t)
        return NULL;
    uint32_t index = claim_ring();
    if (index != CLAIM_NONE)
        t->events = process_map_ring(index, RING_EVENTS_START);
    if (!t->events) {
        store_release(&process->spare_ring, index + 1);
        if (!inherited)
            os_unmap(t, sizeof *t);
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

/* In a vfork child the state would be the parent's, with the id of a thread that is about to end: another would
 * take it over while the parent still uses it. */
static bool is_vfork_child(void) {
    return os_pid() != process->pid;
}

struct thread *thread_create(uint32_t level) {
    bool belongs = !is_vfork_child();
    uint32_t tid = os_tid();
    struct thread *t = belongs ? take_over(tid, level) : NULL;
    if (!t && belongs)
        t = create(tid, level);
    if (!t)
        __atomic_fetch_add(&process->segment->lost, 1, __ATOMIC_RELAXED);
    else if (t->index != 0)
        __atomic_exchange_n(&process->ordered, 1, __ATOMIC_SEQ_CST); /* before it looks at the clock */
    return t;
}
