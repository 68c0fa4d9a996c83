/* ledger.c — see ledger.h. */
#define _GNU_SOURCE
#include "daemon/native/core/ledger.h"

#include "daemon/native/core/heap.h"
#include "daemon/native/core/others.h"

#define SITE_AHEAD 6u /* events between fetching the counters and changing them */

/* `spot`: of the address, in what its event is about. */
INLINE void apply(struct process *process, const struct change *change, struct spot spot, uint64_t now_us) {
    if (change->type == EVENT_ALLOC)
        heap_allocate(process, change, spot, now_us);
    else if (change->type == EVENT_FREE || change->type == EVENT_RELEASE)
        heap_release(process, change, spot);
    else
        others_apply(process, change, now_us);
}

static NOINLINE void apply_later(struct process *process, const struct change *change, uint64_t now_us) {
    apply(process, change, blocks_spot(&process->blocks, change->address), now_us);
}

/* An event whose ticket had been given up. What came after it at its address has been applied. */
static void apply_late(struct process *process, const struct change *change, uint64_t now_us) {
    uint32_t thread;
    switch (change->type) {
    case EVENT_ALLOC: {
        struct block newer;
        bool freed = strays_take(&process->strays, change->address, STRAY_FREE, &thread);
        struct spot spot = blocks_spot(&process->blocks, change->address);
        bool reused = !freed && blocks_remove(&process->blocks, spot, change->address, &newer);
        if (reused) {
            struct block unused;
            blocks_insert(&process->blocks, spot, change->address, &newer, &unused);
            strays_add(&process->strays, change->address, STRAY_CLOSED, change->thread);
        }
        if (!freed && !reused) {
            apply_later(process, change, now_us);
            break;
        }
        if (heap_count(process, change) != SITE_NONE && freed) /* the free that was unknown */
            heap_count_free(process, thread);
        if (freed)
            process->record.unknown_frees--;
        break;
    }
    case EVENT_FREE:
    case EVENT_RELEASE:
        if (strays_take(&process->strays, change->address, STRAY_CLOSED, &thread))
            heap_count_free(process, change->thread); /* its block has gone already */
        else
            apply_later(process, change, now_us);
        break;
    default:
        apply_later(process, change, now_us);
    }
}

/* Applies the events that waited for the ticket just taken. */
static NOINLINE void apply_waiting(struct process *process, uint32_t counter) {
    struct change next;
    uint64_t read_us;
    while (!process_is_corrupt(process) && order_take(&process->order, counter, &next, &read_us)) {
        apply_later(process, &next, read_us);
        order_advance(&process->order, counter);
    }
}

/* Where an event without a ticket comes and others wait at its counter, those came before it, of a call that
 * a signal handler left for good after it had drawn its ticket. */
static NOINLINE void give_up_before(struct process *process, uint32_t counter) {
    while (process->order.expected[counter] & ORDER_WAITS && !process_is_corrupt(process) &&
           order_skip(&process->order, counter)) {
        process->blocks.careful = process->python_blocks.careful = true;
        apply_waiting(process, counter);
    }
}

/* An event whose ticket is not the expected one. */
static NOINLINE void take_out_of_turn(struct process *process, const struct change *change, uint32_t counter,
                                      uint64_t now_us) {
    struct order *order = &process->order;
    if (order_turn(order, counter, change->ticket) == ORDER_LATE) {
        if (order_was_skipped(order, counter))
            apply_late(process, change, now_us);
        else
            process_corrupt(process); /* a ticket that was taken before */
        return;
    }
    if (order->count >= ORDER_LIMIT)
        ledger_give_up(process, UINT64_MAX);
    if (!order_keep(order, counter, change, now_us))
        process_corrupt(process);
}

/* One event, with the counter of its ticket if it has one. */
INLINE void take(struct process *process, const struct change *change, uint32_t counter, struct spot spot,
                 uint64_t now_us) {
    struct order *order = &process->order;
    if (likely(change_is_in_order(change))) {
        if (unlikely(order->count))
            give_up_before(process, change_counter(change));
        apply(process, change, spot, now_us);
        return;
    }
    if (unlikely(order_turn(order, counter, change->ticket) != ORDER_NOW)) {
        take_out_of_turn(process, change, counter, now_us);
        return;
    }
    apply(process, change, spot, now_us);
    if (order_advance(order, counter))
        apply_waiting(process, counter);
}

/* Is it the turn of these two events of one address, and does nothing wait for them? */
INLINE bool are_next(const struct order *order, const struct change *made, const struct change *freed,
                     uint32_t counter) {
    if (likely(change_is_in_order(made)))
        return change_is_in_order(freed) && !order->count;
    return order->expected[counter] == made->ticket && freed->ticket == ((made->ticket + 1) & ORDER_MASK);
}

/* Two events that follow each other in one ring, when they are the whole life of a small block, made and
 * freed by the same thread, and nothing waits for them: only totals remain of it. False when they must be
 * taken one by one. The result is the same, for a third of the work: half of what many programs allocate is
 * such. */
INLINE bool take_pair(struct process *process, const struct change *made, const struct change *freed,
                      uint32_t counter, struct spot spot) {
    if (!freed->fresh || made->type != EVENT_ALLOC || freed->type != EVENT_FREE)
        return false;
    uint32_t site = sites_find(&process->sites, made->stack, SITE_HEAP);
    if (site == SITE_NONE || !are_next(&process->order, made, freed, counter) ||
        !blocks_has_room(&process->blocks, spot, made->address, made->size))
        return false;
    const struct gauge *gauge = &process->sites.gauge[SITE_HEAP];
    if (unlikely(gauge->live_bytes + made->size > gauge->peak_bytes))
        return false; /* a new peak */
    if (!change_is_in_order(made))
        process->order.expected[counter] = (made->ticket + 2) & ORDER_MASK;
    heap_pass(process, site, made);
    return true;
}

INLINE struct blocks *blocks_of(struct process *process, const struct change *change) {
    return unlikely(change->python) ? &process->python_blocks : &process->blocks;
}

/* Fetches the counters that an event will change, once what it needs to find them is there. */
INLINE void prefetch_site(struct process *process, const struct change *change, struct spot spot) {
    bool is_new = change->type == EVENT_ALLOC || change->python == EVENT_PYTHON_ALLOC;
    uint32_t site = is_new
                        ? sites_find(&process->sites, change->stack, change->python ? SITE_PYTHON : SITE_HEAP)
                        : blocks_peek_site(blocks_of(process, change), spot);
    if (site < process->sites.count)
        __builtin_prefetch(&process->sites.items[site], 1, 3);
}

void ledger_take(struct process *process, const struct change *batch, uint32_t count, uint64_t now_us) {
    struct spot spot[LEDGER_BATCH];
    uint32_t counter[LEDGER_BATCH];
    /* In loops of their own: a fetch that misses the TLB holds up what comes after it until its page is
     * found, and so many more are under way at once. */
    for (uint32_t i = 0; i < count; i++) {
        spot[i] = blocks_spot(blocks_of(process, &batch[i]), batch[i].address);
        __builtin_prefetch(spot[i].cell, 1, 3);
    }
    for (uint32_t i = 0; i < count; i++) {
        counter[i] = 0;
        if (change_is_in_order(&batch[i]))
            continue;
        counter[i] = change_counter(&batch[i]);
        __builtin_prefetch(&process->order.expected[counter[i]], 1, 3);
    }
    for (uint32_t i = 0; i < count && !process_is_corrupt(process); i++) {
        if (i + SITE_AHEAD < count)
            prefetch_site(process, &batch[i + SITE_AHEAD], spot[i + SITE_AHEAD]);
        if (i + 1 < count && take_pair(process, &batch[i], &batch[i + 1], counter[i], spot[i]))
            i++;
        else
            take(process, &batch[i], counter[i], spot[i], now_us);
    }
}

void ledger_give_up(struct process *process, uint64_t before_us) {
    struct order_sweep sweep;
    if (!process->order.count || !order_sweep_begin(&process->order, &sweep, before_us))
        return;
    uint32_t counter;
    while (order_sweep_next(&process->order, &sweep, &counter)) {
        process->blocks.careful = process->python_blocks.careful = true;
        apply_waiting(process, counter);
    }
    order_sweep_end(&sweep);
}
