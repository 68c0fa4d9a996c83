/* drop.c — a ring of --on-full=drop that filled up once gets its full size as soon as it has been read.
 *
 * usage: drop SEED THREADS STEPS
 */
#include "shim/ring.h"
#include "test/tables/process.h"
#include "test/tables/together.h"

static uint64_t fill(struct thread *t) {
    uint64_t kept = 0;
    for (uint32_t i = 0; i < RING_EVENTS * 2; i++) {
        if (!ring_has_room(t) && !ring_wait(t))
            continue;
        ring_put(t, (struct event){{i, 0}});
        ring_publish(t);
        kept++;
    }
    return kept;
}

int main(int count, char **args) {
    plan_of(count, args);
    struct thread *t = process_invent_thread(ON_FULL_DROP);
    uint64_t first = fill(t);
    store_release(&t->ring->tail, t->head);
    uint64_t second = fill(t);
    if (first > RING_EVENTS_START || second < RING_EVENTS - RING_SLOTS_PER_CALL)
        wrong("it held %lu events, and %lu when it had been read", first, second);
    return 0;
}
