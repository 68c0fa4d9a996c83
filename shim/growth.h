/* growth.h — a table of the process that fills up is built anew beside the old one, several times as large:
 * by one thread, while all others go on with the old.
 *
 * That thread may lose the processor to them for as long as it takes all of them to fill the old table, in
 * which a search then takes ever longer: so whoever would be slow waits a little. No signal handler comes in
 * between: it would wait for its own thread, or leave for good, and the table would never grow again.
 */
#ifndef MEMTRACE_SHIM_GROWTH_H
#define MEMTRACE_SHIM_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/platform/os.h"
#include "shim/util.h"

#define GROWTH_WAIT_MS   1
#define GROWTH_WAIT_MOST 100 /* times: a debugger may hold that thread alone */

/* False: another thread is at it. *signals is for growth_end. */
static inline bool growth_begin(uint32_t *under_way, uint64_t *signals) {
    if (load_relaxed(under_way))
        return false;
    *signals = os_hold_signals();
    if (!__atomic_exchange_n(under_way, 1, __ATOMIC_ACQUIRE))
        return true;
    os_let_signals(*signals);
    return false;
}

static inline void growth_end(uint32_t *under_way, uint64_t signals) {
    store_release(under_way, 0);
    os_let_signals(signals);
}

static inline void growth_await(uint32_t *under_way) {
    for (uint32_t i = 0; i < GROWTH_WAIT_MOST && load_acquire(under_way); i++)
        os_wait(under_way, 1, GROWTH_WAIT_MS);
}

#endif
