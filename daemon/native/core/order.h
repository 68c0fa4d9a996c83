/* order.h — puts the events of one process, which arrive ring by ring, into the order of their tickets.
 *
 * proto/event.h says how tickets are drawn. For each counter the next ticket is expected; an event that comes
 * before its turn is set aside until then. Takes memory for counters in use and events set aside only.
 */
#ifndef MEMTRACE_CORE_ORDER_H
#define MEMTRACE_CORE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/native/core/memory.h"
#include "proto/event.h"

/* One event, unpacked. Its small fields are bytes, each written once: what is written as a part of a word and
 * read as another waits until it has left the store buffer. */
struct change {
    uint64_t address;
    uint64_t size;
    uint32_t stack;
    uint32_t thread; /* index of the thread whose ring it came by */
    uint32_t ticket; /* or ORDER_NONE */
    uint8_t type;    /* enum event_type */
    uint8_t python;  /* enum python_event, of an EVENT_CANCEL */
    bool fresh;      /* a free of the address that this ring's last allocation returned */
};

static inline bool change_is_in_order(const struct change *change) {
    return change->ticket == ORDER_NONE;
}
/* The counter that its ticket was drawn from, or would have been. */
static inline uint32_t change_counter(const struct change *change) {
    return event_counter_of((enum event_type)change->type, change->address);
}

struct waiting {
    struct change change;
    uint64_t since_us; /* when it was set aside */
    uint32_t counter;  /* of the change */
    uint32_t next;     /* index + 1 in its bucket or among the free */
};

#define ORDER_WAITS   (UINT32_C(1) << 31) /* in `expected`: events of this counter may be waiting */
#define ORDER_SKIPPED (UINT32_C(1) << 30) /* a ticket of this counter was given up: it may still come */
#define ORDER_LIMIT   (UINT32_C(1) << 20) /* more waiting events than this: give up the missing ones */

struct order {
    uint32_t *expected; /* by counter: next ticket and flags */
    struct waiting *items;
    uint32_t capacity;
    uint32_t used;  /* entries of items ever used */
    uint32_t free;  /* index + 1 */
    uint32_t count; /* events waiting */
    uint32_t *bucket;
    uint32_t buckets; /* a power of two, or 0 */
    uint64_t skipped; /* tickets given up */
};

enum order_turn { ORDER_NOW, ORDER_EARLY, ORDER_LATE };

bool order_init(struct order *order);
void order_free(struct order *order);

/* Is it this ticket's turn? */
static inline enum order_turn order_turn(const struct order *order, uint32_t counter, uint32_t ticket) {
    uint32_t ahead = (ticket - order->expected[counter]) & ORDER_MASK;
    if (likely(ahead == 0))
        return ORDER_NOW;
    return ahead < (UINT32_C(1) << (ORDER_BITS - 1)) ? ORDER_EARLY : ORDER_LATE;
}

/* The expected ticket of this counter was taken. True when the next one may be waiting. */
static inline bool order_advance(struct order *order, uint32_t counter) {
    uint32_t word = order->expected[counter];
    order->expected[counter] = (word & ~ORDER_MASK) | ((word + 1) & ORDER_MASK);
    return unlikely(word & ORDER_WAITS);
}

/* Was a ticket of this counter ever given up? */
static inline bool order_was_skipped(const struct order *order, uint32_t counter) {
    return unlikely(order->expected[counter] & ORDER_SKIPPED);
}

/* Sets an early event aside. False: one with the same ticket is there already, or there is no memory. */
bool order_keep(struct order *order, uint32_t counter, const struct change *change, uint64_t now_us);

/* Takes the waiting event whose turn it is at this counter, and says when it was set aside; the caller then
 * advances. */
bool order_take(struct order *order, uint32_t counter, struct change *change, uint64_t *since_us);

/* Moves a counter on to the first event that waits there, if any does: what is missing will not come. */
bool order_skip(struct order *order, uint32_t counter);

/* Goes over the counters whose next event has been missing since before `before_us` (UINT64_MAX: whatever is
 * missing). Costs O(n log n) for n waiting events. False: there is no memory. */
struct order_sweep {
    uint32_t *sorted; /* indexes of items by counter and ticket */
    uint32_t count;
    uint32_t position; /* of the next one */
};
bool order_sweep_begin(struct order *order, struct order_sweep *sweep, uint64_t before_us);
/* Moves the next of them on to the first event that waits there: order_take then succeeds. False when none is
 * left. */
bool order_sweep_next(struct order *order, struct order_sweep *sweep, uint32_t *counter);
void order_sweep_end(struct order_sweep *sweep);

#endif
