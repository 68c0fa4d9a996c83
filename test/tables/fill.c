/* fill.c — a ring that nobody reads in time grows each time that it is full, and rings the doorbell then; one
 * that is as large as it gets rings it before that.
 *
 * usage: fill SEED THREADS STEPS
 */
#include "shim/ring.h"
#include "test/tables/process.h"
#include "test/tables/together.h"

static struct thread *t;

/* In place of the system's, linked with --wrap: the daemon reads all there is. */
void __wrap_os_wait(uint32_t *word, uint32_t value, uint32_t ms);
void __wrap_os_wait(uint32_t *word, uint32_t value, uint32_t ms) {
    (void)ms;
    if (word != (uint32_t *)&t->ring->tail || value != (uint32_t)t->ring->tail)
        wrong("waits for something else");
    store_release(&t->ring->tail, t->head);
}

static void put(void) {
    if (!ring_has_room(t) && !ring_wait(t))
        wrong("there is no room");
    uint64_t before = t->head;
    ring_put(t, (struct event){{before, 0}});
    ring_publish(t);
    ring_look_back_at_quarter(t, before);
}

/* How many it took until it was another size. */
static uint64_t fill(uint32_t size) {
    uint64_t from = t->head, rung = process->registry->doorbell, waits = t->ring->waits;
    for (uint32_t i = 0; i < 2 * size && t->size == size; i++)
        put();
    if (process->registry->doorbell != rung + 1 || t->ring->waits != waits + 1)
        wrong("rang %lu times, waited %lu times", process->registry->doorbell - rung, t->ring->waits - waits);
    return t->head - from;
}

int main(int count, char **args) {
    plan_of(count, args);
    t = process_invent_thread(ON_FULL_WAIT);
    for (uint32_t size = RING_EVENTS_START; size < RING_EVENTS; size *= RING_GROWTH) {
        uint64_t held = fill(size);
        if (t->size != size * RING_GROWTH || t->ring->size != t->size || held < size - RING_SLOTS_PER_CALL)
            wrong("after %lu events a ring of %u has %lu", held, size, t->size);
    }
    uint64_t rung = process->registry->doorbell, waits = t->ring->waits;
    while (process->registry->doorbell == rung)
        put();
    uint64_t unread = t->head - t->ring->tail;
    if (t->ring->waits != waits || unread < RING_EVENTS / 2 || unread > RING_EVENTS / 4 * 3)
        wrong("rang with %lu of %lu unread", unread, t->size);
    return 0;
}
