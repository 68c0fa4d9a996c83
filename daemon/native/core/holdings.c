/* holdings.c — see holdings.h. Linear probing by site and classes, at most half full. */
#define _GNU_SOURCE
#include "daemon/native/core/holdings.h"

#include <stdlib.h>

#include "daemon/native/core/classes.h"

#define HOLDINGS_LEAST 64u

static struct holding_record *find(const struct holdings *h, uint32_t site, uint64_t classes) {
    for (uint32_t i = (uint32_t)mix64(classes ^ site);; i++) {
        struct holding_record *slot = &h->items[i & (h->capacity - 1)];
        if (!slot->blocks ||
            (slot->site == site && (slot->bytes_and_classes & ~HOLDING_BYTES_MASK) == classes))
            return slot;
    }
}

static bool grow(struct holdings *h) {
    struct holdings grown = *h;
    grown.capacity = h->capacity ? h->capacity * 2 : HOLDINGS_LEAST;
    grown.items = grown.capacity ? calloc(grown.capacity, sizeof *grown.items) : NULL;
    if (!grown.items)
        return false;
    for (uint32_t i = 0; i < h->capacity; i++) {
        const struct holding_record *item = &h->items[i];
        if (item->blocks)
            *find(&grown, item->site, item->bytes_and_classes & ~HOLDING_BYTES_MASK) = *item;
    }
    free(h->items);
    *h = grown;
    return true;
}

static void add(struct holdings *h, uint32_t site, uint64_t birth_us, uint64_t bytes) {
    if (h->chosen && (site >= h->chosen_count || !h->chosen[site]))
        return;
    if (h->count >= h->capacity / 2 && !grow(h)) {
        h->failed = true;
        return;
    }
    uint64_t age_us = h->now_us > birth_us ? h->now_us - birth_us : 0; /* it came during the walk */
    uint64_t classes = (uint64_t)age_class(age_us) << HOLDING_AGE_SHIFT | (uint64_t)size_class(bytes)
                                                                              << HOLDING_SIZE_SHIFT;
    struct holding_record *slot = find(h, site, classes);
    if (!slot->blocks) {
        *slot = (struct holding_record){site, 0, classes};
        h->count++;
    }
    slot->blocks++;
    uint64_t room = HOLDING_BYTES_MASK - (slot->bytes_and_classes & HOLDING_BYTES_MASK);
    slot->bytes_and_classes += bytes < room ? bytes : room; /* sizes that a wild program made up */
}

void holdings_visit(void *holdings, uint64_t address, const struct block *block) {
    (void)address;
    add(holdings, block->site, block->birth_us, block->size);
}

static void of_ranges(struct holdings *holdings, const struct maps *maps, uint32_t node) {
    if (!node)
        return;
    const struct map_range *range = &maps->ranges[node - 1];
    of_ranges(holdings, maps, range->left);
    of_ranges(holdings, maps, range->right);
    add(holdings, range->site, range->birth_us, range->end - range->start);
}

void holdings_of_maps(struct holdings *holdings, const struct maps *maps) {
    of_ranges(holdings, maps, maps->root);
}

void holdings_pack(struct holdings *holdings) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < holdings->capacity; i++) {
        if (holdings->items[i].blocks)
            holdings->items[count++] = holdings->items[i];
    }
    array_shrink(&holdings->items, &holdings->capacity, count, sizeof *holdings->items);
}

void holdings_free(struct holdings *holdings) {
    free(holdings->items);
    holdings->items = NULL;
}
