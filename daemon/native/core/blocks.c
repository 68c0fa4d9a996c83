/* blocks.c — the rare paths of blocks.h: new regions, large blocks, two blocks in one cell. */
#define _GNU_SOURCE
#include "daemon/native/core/blocks.h"

#include <stdlib.h>
#include <string.h>

#define REGION_BYTES ((size_t)REGION_CELLS * sizeof(struct cell))

static struct region **slot_of(struct region **regions, uint32_t capacity, uint64_t key) {
    uint32_t i = (uint32_t)mix64(key) & (capacity - 1);
    while (regions[i] && regions[i]->key != key)
        i = (i + 1) & (capacity - 1);
    return &regions[i];
}

struct region *blocks_region_find(struct blocks *blocks, uint64_t key) {
    if (!blocks->regions_capacity)
        return NULL;
    struct region *region = *slot_of(blocks->regions, blocks->regions_capacity, key);
    if (region)
        blocks->recent[key % REGIONS_RECENT] = region;
    return region;
}

static bool regions_grow(struct blocks *blocks) {
    uint32_t capacity = blocks->regions_capacity ? blocks->regions_capacity * 2 : 8;
    struct region **regions = calloc(capacity, sizeof *regions);
    if (!regions)
        return false;
    for (uint32_t i = 0; i < blocks->regions_capacity; i++) {
        if (blocks->regions[i])
            *slot_of(regions, capacity, blocks->regions[i]->key) = blocks->regions[i];
    }
    free(blocks->regions);
    blocks->regions = regions;
    blocks->regions_capacity = capacity;
    return true;
}

static void region_touch(struct region *region, uint32_t part) {
    if (region_is_touched(region, part))
        return;
    pages_make(&region->cells[part * PART_CELLS], PART_CELLS * sizeof(struct cell));
    region->touched[part / 64] |= UINT64_C(1) << part % 64;
}

static void region_create(struct blocks *blocks, uint64_t key) {
    if ((blocks->regions_count + 1) * 2 > blocks->regions_capacity && !regions_grow(blocks))
        return;
    struct region *region = malloc(sizeof *region);
    struct cell *cells = region ? pages_map(REGION_BYTES) : NULL;
    if (!cells) {
        free(region);
        return;
    }
    *region = (struct region){.key = key, .cells = cells};
    *slot_of(blocks->regions, blocks->regions_capacity, key) = region;
    blocks->regions_count++;
}

NOINLINE int blocks_insert_slow(struct blocks *blocks, uint64_t address, const struct block *block,
                                struct block *previous) {
    bool small = block->size < BLOCK_SMALL;
    if (small && !blocks_spot(blocks, address).region)
        region_create(blocks, (address >> REGION_LOG2) + 1);

    struct spot spot = blocks_spot(blocks, address);
    if (small && spot.region)
        region_touch(spot.region, part_of(address));
    bool replaced = false;
    if (spot.cell && cell_holds(spot.cell, address)) {
        *previous = cell_block(blocks, spot.cell);
        spot.cell->word = 0;
        spot.region->live--;
        replaced = true;
    }
    uint32_t owner = small ? owners_number(blocks->owners, block->site, block->thread) : OWNER_NONE;
    if (spot.cell && !(spot.cell->word & CELL_USED) && owner != OWNER_NONE) {
        if (blocks->careful && !replaced)
            replaced = spill_remove(&blocks->spill, address, previous);
        spot_put(spot, cell_of(blocks, address, block, owner));
        return replaced;
    }
    struct block in_spill;
    int result = spill_insert(&blocks->spill, address, block, &in_spill);
    if (result == 1)
        *previous = in_spill;
    return result < 0 ? result : (result == 1 || replaced);
}

NOINLINE bool blocks_remove_slow(struct blocks *blocks, uint64_t address, struct block *removed) {
    struct spot spot = blocks_spot(blocks, address); /* it may have got one meanwhile */
    if (spot.cell && cell_holds(spot.cell, address))
        return blocks_remove(blocks, spot, address, removed);
    return spill_remove(&blocks->spill, address, removed);
}

static void region_trim(struct region *region) {
    static const uint64_t untouched[PARTS / 64];
    if (!region || region->live || !memcmp(region->touched, untouched, sizeof untouched))
        return;
    pages_clear(region->cells, REGION_BYTES);
    memset(region->touched, 0, sizeof region->touched);
}

void blocks_trim(struct blocks *blocks) {
    for (uint32_t i = 0; i < blocks->regions_capacity; i++)
        region_trim(blocks->regions[i]);
}

static void each_of_region(const struct blocks *blocks, const struct region *region, blocks_visit *visit,
                           void *context) {
    uint64_t base = (region->key - 1) << REGION_LOG2;
    for (uint32_t i = 0, left = region->live; i < REGION_CELLS && left; i++) {
        if (i % PART_CELLS == 0 && !region_is_touched(region, i / PART_CELLS)) {
            i += PART_CELLS - 1;
            continue;
        }
        const struct cell *cell = &region->cells[i];
        if (!(cell->word & CELL_USED))
            continue;
        struct block block = cell_block(blocks, cell);
        visit(context, base + ((uint64_t)i << CELL_LOG2) + (cell->word >> 1 & 3) * 8, &block);
        left--;
    }
}

void blocks_each_of_region(struct blocks *blocks, uint64_t key, blocks_visit *visit, void *context) {
    const struct region *region = blocks_region_find(blocks, key);
    if (region)
        each_of_region(blocks, region, visit, context);
}

void blocks_each_spilled(const struct blocks *blocks, blocks_visit *visit, void *context) {
    for (uint32_t i = 0; i < blocks->spill.capacity; i++)
        if (blocks->spill.slots[i].address)
            visit(context, blocks->spill.slots[i].address, &blocks->spill.slots[i].block);
}

void blocks_each(const struct blocks *blocks, blocks_visit *visit, void *context) {
    for (uint32_t i = 0; i < blocks->regions_capacity; i++)
        if (blocks->regions[i])
            each_of_region(blocks, blocks->regions[i], visit, context);
    blocks_each_spilled(blocks, visit, context);
}

uint32_t blocks_region_keys(const struct blocks *blocks, uint64_t *keys) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < blocks->regions_capacity; i++)
        if (blocks->regions[i])
            keys[count++] = blocks->regions[i]->key;
    return count;
}

static void region_free(struct region *region) {
    if (region)
        pages_unmap(region->cells, REGION_BYTES);
    free(region);
}

void blocks_free(struct blocks *blocks) {
    for (uint32_t i = 0; i < blocks->regions_capacity; i++)
        region_free(blocks->regions[i]);
    free(blocks->regions);
    spill_free(&blocks->spill);
    *blocks = (struct blocks){0};
}
