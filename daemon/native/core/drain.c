/* drain.c — see drain.h.
 *
 * A reader that follows right behind a writer takes the writer's hot cache line away at each event. So the
 * drain sleeps, and chooses how long so that a round meets rings between 1/8 and 1/3 full. Rounds are few,
 * for to sleep and wake costs tens of µs of processor time in a virtual machine. While nothing comes it
 * sleeps long: a ring that fills meanwhile rings the doorbell.
 */
#define _GNU_SOURCE
#include "daemon/native/core/drain.h"

#define SLEEP_LEAST_US 80u
#define SLEEP_MOST_US  4000u
#define SLEEP_IDLE_US  50000u /* nothing came */
#define FULL           256u   /* unit of fullness */

static uint32_t next_sleep(const struct core *core, uint32_t fullness, uint64_t events) {
    uint32_t sleep = core->sleep_us;
    if (fullness > FULL / 3)
        return sleep / 2 < SLEEP_LEAST_US ? SLEEP_LEAST_US : sleep / 2;
    uint32_t most = events ? SLEEP_MOST_US : SLEEP_IDLE_US;
    if (fullness < FULL / 8)
        sleep += sleep / 4 + 1;
    return sleep < most ? sleep : most;
}

uint64_t drain_for(struct core *core, uint32_t ms) {
    uint64_t start = monotonic_us(), events = 0, spent = 0, limit = (uint64_t)ms * 1000;
    bool hurried;
    pthread_mutex_lock(&core->draining);
    if (!core->sleep_us)
        core->sleep_us = SLEEP_LEAST_US;
    do {
        uint32_t heard = session_heard(&core->session);
        hurried = __atomic_exchange_n(&core->hurry, 0, __ATOMIC_ACQ_REL);
        uint32_t fullness = 0;
        pthread_mutex_lock(&core->state);
        if (hurried)
            core->housekept_us = 0; /* whoever catches up wants to know who has ended */
        uint64_t taken = core_pass(core, &fullness);
        core->sleep_us = next_sleep(core, fullness, taken);
        pthread_mutex_unlock(&core->state);
        events += taken;
        spent = monotonic_us() - start;
        if (__atomic_exchange_n(&core->enough, 0, __ATOMIC_ACQ_REL) || hurried || spent >= limit ||
            __atomic_load_n(&core->closing, __ATOMIC_ACQUIRE))
            break;
        if (fullness < FULL / 2)
            session_sleep(&core->session, heard,
                          core->sleep_us < limit - spent ? core->sleep_us : (uint32_t)(limit - spent));
    } while (monotonic_us() - start < limit || __atomic_load_n(&core->hurry, __ATOMIC_ACQUIRE));
    pthread_mutex_unlock(&core->draining);
    return events;
}
