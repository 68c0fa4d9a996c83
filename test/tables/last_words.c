/* last_words.c — a thread allocates while another looks whether its ring can be had, and is gone when that is
 * asked: its events are still its own.
 *
 * usage: last_words SEED THREADS STEPS
 */
#include "shim/ring.h"
#include "test/tables/process.h"
#include "test/tables/together.h"

static struct thread *first;

static void own(uint32_t thread) {
    (void)thread;
    first = thread_create(0);
}

/* In place of the system's answer: linked with --wrap. */
bool __wrap_os_thread_lives(uint32_t pid, uint32_t tid);
bool __wrap_os_thread_lives(uint32_t pid, uint32_t tid) {
    (void)pid, (void)tid;
    ring_put(first, (struct event){{1, 0}});
    ring_publish(first);
    return false;
}

int main(int count, char **args) {
    plan_of(count, args);
    process_invent(1 << 10, 4096);
    process_invent_rings(2);
    together(1, own);
    struct thread *second = thread_create(0);
    if (!first || !second)
        wrong("no ring");
    if (first == second)
        wrong("a ring was taken over with %lu events unread", first->head - first->ring->tail);
    return 0;
}
