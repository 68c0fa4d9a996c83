/* ring.c — the slow ways of a ring: growing, waiting, dropping. Rules: ring.h. */
#include "shim/ring.h"

#include "shim/areas.h"
#include "shim/platform/os.h"

#define WAIT_MS 10

/* More threads than this do not run at a time: what fills up is not shared memory, however many there are. */
#define RINGS_BUSY_MOST 64

static bool is_first_size(const struct thread *t) {
    return t->size == RING_EVENTS_START;
}

static bool may_become_busy(void) {
    if (__atomic_fetch_add(&process->rings_busy, 1, __ATOMIC_RELAXED) < RINGS_BUSY_MOST)
        return true;
    __atomic_fetch_sub(&process->rings_busy, 1, __ATOMIC_RELAXED);
    return false;
}

static bool enlarge(struct thread *t, uint32_t size) {
    if (!areas_grow_ring(t->index, size))
        return false;
    t->size = size;
    store_release(&t->ring->size, size);
    return true;
}

/* A ring that filled up becomes larger, while it is empty: by steps, for each page costs, but at once where
 * filling up loses events. No signal handler comes in between: it may leave for good, and the two sizes would
 * differ. */
static void grow(struct thread *t) {
    uint64_t signals = os_hold_signals();
    uint32_t size = t->control->on_full == ON_FULL_DROP ? RING_EVENTS : t->size * RING_GROWTH;
    bool first = is_first_size(t);
    if ((!first || may_become_busy()) && !enlarge(t, size) && first)
        __atomic_fetch_sub(&process->rings_busy, 1, __ATOMIC_RELAXED);
    os_let_signals(signals);
}

/* A daemon that goes on and has not adopted this image by now never will: it cannot open its segment, say
 * from another mount namespace. One that is stopped, or slow, makes no rounds and is waited for. */
#define ADOPTION_MS     5000
#define ADOPTION_ROUNDS 32

static bool is_never_read(void) {
    /* In silence there is no time: the rounds have to do. */
    return unlikely(!load_relaxed(&process->segment->adopted)) &&
           load_relaxed(&process->control->clock) - process->announced_clock > ADOPTION_ROUNDS &&
           os_monotonic_ms() - process->announced_ms > ADOPTION_MS;
}

static bool session_is_over(void) {
    if (load_acquire(&process->control->stopped))
        process_detach(DETACH_STOPPED);
    else if (session_daemon_died())
        process_detach(DETACH_DAEMON_DIED);
    else if (load_acquire(&process->segment->abandoned))
        process_detach(DETACH_ABANDONED);
    else if (is_never_read())
        process_detach(DETACH_UNREAD);
    return load_relaxed(&process->phase) != PROCESS_TRACED;
}

/* Sleeps until the daemon has read up to `until`. False: the session is over. */
static bool wait_for_tail(struct thread *t, uint64_t until) {
    struct ring *ring = t->ring;
    uint32_t *tail_word = (uint32_t *)&ring->tail; /* its low half, on a little-endian machine */
    ring->waits++;
    session_ring_doorbell();
    while ((t->tail = load_acquire(&ring->tail)) < until) {
        __atomic_store_n(&ring->waiting, 1, __ATOMIC_SEQ_CST);
        uint64_t seen = __atomic_load_n(&ring->tail, __ATOMIC_SEQ_CST);
        if (seen < until)
            os_wait(tail_word, (uint32_t)seen, WAIT_MS);
        if (session_is_over()) {
            store_relaxed(&ring->waiting, 0);
            return false;
        }
    }
    store_relaxed(&ring->waiting, 0);
    return true;
}

static bool may_grow(const struct thread *t) {
    return t->size < RING_EVENTS &&
           (!is_first_size(t) || load_relaxed(&process->rings_busy) < RINGS_BUSY_MOST);
}

void ring_look_back(struct thread *t) {
    t->tail = load_acquire(&t->ring->tail);
    bool is_to_fill = t->control->on_full == ON_FULL_WAIT && may_grow(t); /* and to grow then */
    if (!is_to_fill && t->head - t->tail >= t->size / 2 && session_daemon_sleeps())
        session_ring_doorbell();
}

bool ring_wait(struct thread *t) {
    t->tail = load_acquire(&t->ring->tail);
    if (t->tail == t->head && t->ring->lost && may_grow(t))
        grow(t); /* who drops does not wait until it is empty */
    if (ring_has_room(t))
        return true;
    if (t->head - t->tail > t->size)
        process_detach(DETACH_ABANDONED); /* no reader writes that: the program did */
    if (session_is_over())
        return false;
    if (t->control->on_full == ON_FULL_DROP) {
        t->ring->lost++;
        session_ring_doorbell();
        return false;
    }
    bool grows = may_grow(t);
    if (!wait_for_tail(t, grows ? t->head : t->head - t->size / 2))
        return false;
    if (grows)
        grow(t);
    return ring_has_room(t);
}
