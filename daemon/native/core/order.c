/* order.c — see order.h. Waiting events are chained in a hash table by counter and ticket. */
#define _GNU_SOURCE
#include "daemon/native/core/order.h"

#include <stdlib.h>
#include <string.h>

#define EXPECTED_BYTES (ORDER_COUNTERS * sizeof(uint32_t))

bool order_init(struct order *order) {
    *order = (struct order){.expected = pages_map(EXPECTED_BYTES)};
    return order->expected != NULL;
}

void order_free(struct order *order) {
    pages_unmap(order->expected, EXPECTED_BYTES);
    free(order->items);
    free(order->bucket);
    *order = (struct order){.skipped = order->skipped};
}

static uint32_t *bucket_of(const struct order *order, uint32_t counter, uint32_t ticket) {
    return &order->bucket[mix64((uint64_t)counter << 32 | ticket) & (order->buckets - 1)];
}

static bool grow(struct order *order) {
    uint32_t buckets = order->buckets ? order->buckets * 2 : 64;
    uint32_t *bucket = calloc(buckets, sizeof *bucket);
    if (!bucket)
        return false;
    uint32_t *old = order->bucket, old_buckets = order->buckets;
    order->bucket = bucket;
    order->buckets = buckets;
    for (uint32_t b = 0; b < old_buckets; b++) {
        for (uint32_t i = old[b]; i;) {
            struct waiting *w = &order->items[i - 1];
            uint32_t next = w->next, *head = bucket_of(order, w->counter, w->change.ticket);
            w->next = *head;
            *head = i;
            i = next;
        }
    }
    free(old);
    return true;
}

/* The link that points to the waiting event with this ticket, or to 0. */
static uint32_t *find(struct order *order, uint32_t counter, uint32_t ticket) {
    uint32_t *link = bucket_of(order, counter, ticket);
    while (*link) {
        struct waiting *w = &order->items[*link - 1];
        if (w->counter == counter && w->change.ticket == ticket)
            break;
        link = &w->next;
    }
    return link;
}

bool order_keep(struct order *order, uint32_t counter, const struct change *change, uint64_t now_us) {
    if (order->count >= order->buckets && !grow(order))
        return false;
    if (*find(order, counter, change->ticket))
        return false;
    uint32_t i = order->free;
    if (i) {
        order->free = order->items[i - 1].next;
    } else {
        if (!array_reserve(&order->items, &order->capacity, (uint64_t)order->used + 1, sizeof *order->items))
            return false;
        i = ++order->used;
    }
    uint32_t *head = bucket_of(order, counter, change->ticket);
    order->items[i - 1] = (struct waiting){*change, now_us, counter, *head};
    *head = i;
    order->count++;
    order->expected[counter] |= ORDER_WAITS;
    return true;
}

bool order_take(struct order *order, uint32_t counter, struct change *change, uint64_t *since_us) {
    if (!order->count) {
        order->expected[counter] &= ~ORDER_WAITS;
        return false;
    }
    uint32_t *link = find(order, counter, order->expected[counter] & ORDER_MASK);
    uint32_t i = *link;
    if (!i)
        return false;
    struct waiting *w = &order->items[i - 1];
    *change = w->change;
    *since_us = w->since_us;
    *link = w->next;
    w->next = order->free;
    w->since_us = UINT64_MAX; /* not waiting: see order_sweep_begin */
    order->free = i;
    order->count--;
    return true;
}

static void move_on(struct order *order, const struct waiting *first) {
    uint32_t *expected = &order->expected[first->counter], ticket = first->change.ticket;
    order->skipped += (ticket - *expected) & ORDER_MASK;
    *expected = ticket | ORDER_WAITS | ORDER_SKIPPED;
}

bool order_skip(struct order *order, uint32_t counter) {
    const struct waiting *first = NULL;
    uint32_t expected = order->expected[counter];
    for (uint32_t i = 0; i < order->used; i++) {
        const struct waiting *w = &order->items[i];
        if (w->since_us == UINT64_MAX || w->counter != counter)
            continue;
        if (!first ||
            ((w->change.ticket - expected) & ORDER_MASK) < ((first->change.ticket - expected) & ORDER_MASK))
            first = w;
    }
    if (first)
        move_on(order, first);
    else
        order->expected[counter] &= ~ORDER_WAITS;
    return first != NULL;
}

static int by_turn(const void *a, const void *b, void *context) {
    const struct order *order = context;
    const struct waiting *x = &order->items[*(const uint32_t *)a];
    const struct waiting *y = &order->items[*(const uint32_t *)b];
    if (x->counter != y->counter)
        return x->counter < y->counter ? -1 : 1;
    uint32_t expected = order->expected[x->counter];
    uint32_t ahead_x = (x->change.ticket - expected) & ORDER_MASK;
    uint32_t ahead_y = (y->change.ticket - expected) & ORDER_MASK;
    return ahead_x < ahead_y ? -1 : ahead_x > ahead_y;
}

/* Keeps those that have waited for long enough, and all whose turn at the same counter is before theirs. */
static void keep_overdue(const struct order *order, struct order_sweep *sweep, uint64_t before_us) {
    uint32_t kept = sweep->count, counter = 0;
    bool overdue = false;
    for (uint32_t i = sweep->count; i-- > 0;) {
        const struct waiting *w = &order->items[sweep->sorted[i]];
        overdue = w->since_us <= before_us || (overdue && w->counter == counter);
        counter = w->counter;
        if (overdue)
            sweep->sorted[--kept] = sweep->sorted[i];
    }
    sweep->position = kept;
}

bool order_sweep_begin(struct order *order, struct order_sweep *sweep, uint64_t before_us) {
    *sweep = (struct order_sweep){0};
    sweep->sorted = malloc(((size_t)order->count + 1) * sizeof *sweep->sorted);
    if (!sweep->sorted)
        return false;
    for (uint32_t i = 0; i < order->used && sweep->count < order->count; i++) {
        if (order->items[i].since_us != UINT64_MAX)
            sweep->sorted[sweep->count++] = i;
    }
    qsort_r(sweep->sorted, sweep->count, sizeof *sweep->sorted, by_turn, order);
    keep_overdue(order, sweep, before_us);
    return true;
}

bool order_sweep_next(struct order *order, struct order_sweep *sweep, uint32_t *counter) {
    while (sweep->position < sweep->count) {
        const struct waiting *w = &order->items[sweep->sorted[sweep->position++]];
        if (w->since_us == UINT64_MAX)
            continue; /* its turn came meanwhile */
        move_on(order, w);
        *counter = w->counter;
        return true;
    }
    return false;
}

void order_sweep_end(struct order_sweep *sweep) {
    free(sweep->sorted);
    sweep->sorted = NULL;
}
