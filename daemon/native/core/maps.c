/* maps.c — see maps.h. */
#define _GNU_SOURCE
#include "daemon/native/core/maps.h"

#include <stdlib.h>

#include "daemon/native/core/memory.h"

/* Makes l and r, the nodes of `node` that start before `at` and those that do not. */
static void split(struct maps *maps, uint32_t node, uint64_t at, uint32_t *l, uint32_t *r) {
    if (!node) {
        *l = *r = 0;
        return;
    }
    struct map_range *range = &maps->ranges[node - 1];
    if (range->start < at) {
        split(maps, range->right, at, &range->right, r);
        *l = node;
    } else {
        split(maps, range->left, at, l, &range->left);
        *r = node;
    }
}

static uint32_t join(struct maps *maps, uint32_t l, uint32_t r) {
    if (!l || !r)
        return l ? l : r;
    struct map_range *left = &maps->ranges[l - 1], *right = &maps->ranges[r - 1];
    if (left->priority > right->priority) {
        left->right = join(maps, left->right, r);
        return l;
    }
    right->left = join(maps, l, right->left);
    return r;
}

bool maps_add(struct maps *maps, uint64_t start, uint64_t end, uint32_t site, uint64_t birth_us) {
    uint32_t node = maps->free;
    if (node) {
        maps->free = maps->ranges[node - 1].left;
    } else {
        if (!array_reserve(&maps->ranges, &maps->capacity, (uint64_t)maps->count + 1, sizeof *maps->ranges))
            return false;
        node = ++maps->count;
    }
    maps->ranges[node - 1] =
        (struct map_range){start, end, birth_us, site, (uint32_t)mix64(++maps->seed), 0, 0};
    uint32_t before, after;
    split(maps, maps->root, start, &before, &after);
    maps->root = join(maps, join(maps, before, node), after);
    return true;
}

/* The lowest range that ends after `at`, or 0. Ranges are disjoint: ends are ordered as starts are. */
static uint32_t first_ending_after(const struct maps *maps, uint64_t at) {
    uint32_t best = 0;
    for (uint32_t node = maps->root; node;) {
        const struct map_range *range = &maps->ranges[node - 1];
        if (range->end > at) {
            best = node;
            node = range->left;
        } else {
            node = range->right;
        }
    }
    return best;
}

static void erase(struct maps *maps, uint32_t node) {
    uint64_t start = maps->ranges[node - 1].start;
    uint32_t before, from, after;
    split(maps, maps->root, start, &before, &from);
    split(maps, from, start + 1, &from, &after);
    maps->root = join(maps, before, after);
    maps->ranges[node - 1].left = maps->free;
    maps->free = node;
}

bool maps_remove(struct maps *maps, uint64_t start, uint64_t end, struct map_cut *cut) {
    uint32_t node = first_ending_after(maps, start);
    if (!node || maps->ranges[node - 1].start >= end)
        return false;
    struct map_range *range = &maps->ranges[node - 1];
    uint64_t from = range->start > start ? range->start : start;
    uint64_t to = range->end < end ? range->end : end;
    *cut = (struct map_cut){to - from, range->site, 0};
    if (from == range->start && to == range->end) {
        erase(maps, node);
        cut->pieces = -1;
    } else if (from == range->start) {
        range->start = to; /* stays in order: nothing lies between */
    } else {
        uint64_t tail_end = range->end;
        range->end = from;
        if (to < tail_end && maps_add(maps, to, tail_end, cut->site, range->birth_us))
            cut->pieces = 1;
        else
            cut->bytes = tail_end - from; /* all of it, also when there is no memory for a second piece */
    }
    return true;
}

void maps_free(struct maps *maps) {
    free(maps->ranges);
    *maps = (struct maps){0};
}
