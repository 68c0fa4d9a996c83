/* claims.c — threads that all want a ring where there is none: each is found again when there is one.
 *
 * usage: claims SEED THREADS STEPS
 */
#include <sched.h>

#include "shim/process.h"
#include "shim/thread.h"
#include "test/tables/process.h"
#include "test/tables/together.h"

static struct plan plan;
static uint32_t made;

static void want(uint32_t thread) {
    (void)thread;
    for (uint32_t i = 0; i < plan.steps; i++)
        if (thread_create(0))
            wrong("a ring without memory");
}

/* All live until each has one. */
static void get(uint32_t thread) {
    (void)thread;
    if (!thread_create(0))
        wrong("no ring where there is memory");
    __atomic_fetch_add(&made, 1, __ATOMIC_RELAXED);
    while (load_relaxed(&made) < plan.threads)
        sched_yield();
}

/* Looks for a ring seldom once there was none. */
static void want_and_get(uint32_t thread) {
    (void)thread;
    if (thread_create(0))
        wrong("a ring without memory");
    process->mapped_bytes = plan.threads * 2 * RING_BYTES;
    uint32_t calls = 1;
    while (!thread_create(0) && calls < 100000)
        calls++;
    if (calls < 10 || calls == 100000)
        wrong("looked for a ring after %u calls", calls);
}

int main(int count, char **args) {
    plan = plan_of(count, args);
    process_invent(1 << 10, 4096);
    process_invent_rings(plan.threads * 2);
    process->mapped_bytes = 0; /* there is no memory at first */
    together(plan.threads, want);
    uint32_t claimed = process->own.rings;
    if (claimed > plan.threads)
        wrong("%u rings were claimed by %u threads that got none", claimed, plan.threads);
    together(1, want_and_get);
    together(plan.threads, get);
    if (process->own.rings > plan.threads)
        wrong("%u rings were claimed for %u threads", process->own.rings, plan.threads);
    return 0;
}
