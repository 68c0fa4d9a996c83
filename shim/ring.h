/* ring.h — one thread's event ring, producer side.
 *
 * The traced thread writes, the daemon reads. Room is made before a hook draws a ticket or calls the real
 * function, so that publishing itself never waits and no drawn ticket is ever dropped.
 * Layout and memory ordering: proto/segment.h.
 */
#ifndef MEMTRACE_SHIM_RING_H
#define MEMTRACE_SHIM_RING_H

#include "shim/session.h"
#include "shim/thread.h"

#define RING_SLOTS_PER_CALL 16 /* twice the most that one hook publishes: see trace_resume */

/* Waits for the daemon, or drops, as the session says. False: this call is not to be traced. */
bool ring_wait(struct thread *t);

INLINE bool ring_has_room(const struct thread *t) {
    return t->head - t->tail <= t->size - RING_SLOTS_PER_CALL;
}
INLINE void ring_put(struct thread *t, struct event e) {
    t->events[t->head & (t->size - 1)] = e;
    t->head++;
}
INLINE void ring_publish(struct thread *t) {
    store_release(&t->ring->head, t->head);
}

/* Wakes the daemon, if it sleeps, when much of the ring is unread. */
void ring_look_back(struct thread *t);

INLINE void ring_look_back_at_quarter(struct thread *t, uint64_t before) {
    if (unlikely((before ^ t->head) & (t->size / 4)))
        ring_look_back(t);
}

#endif
