/* blocks.c — the rare paths of blocks.h: new regions, large blocks, two blocks in one cell. */
#define _GNU_SOURCE
#include "daemon/native/core/blocks.h"

#include <stdlib.h>
#include <string.h>

#define REGION_BYTES ((size_t)REGION_CELLS * sizeof(struct cell))

static struct region *slot_of(struct region *regions, uint32_t capacity, uint64_t key) {
    uint32_t i = (uint32_t)mix64(key) & (capacity - 1);
    while (regions[i].key && regions[i].key != key)
        i = (i + 1) & (capacity - 1);
    return &regions[i];
}

struct region *blocks_region_find(struct blocks *blocks, uint64_t key) {
    if (!blocks->regions_capacity)
        return NULL;
    struct region *region = slot_of(blocks->regions, blocks->regions_capacity, key);
    if (!region->key)
        return NULL;
    blocks->recent[key % REGIONS_RECENT] = region;
    return region;
}

static bool regions_grow(struct blocks *blocks) {
    uint32_t capacity = blocks->regions_capacity ? blocks->regions_capacity * 2 : 8;
    struct region *regions = calloc(capacity, sizeof *regions);
    if (!regions)
        return false;
    for (uint32_t i = 0; i < blocks->regions_capacity; i++) {
        const struct region *region = &blocks->regions[i];
        if (region->key)
            *slot_of(regions, capacity, region->key) = *region;
    }
    free(blocks->regions);
    blocks->regions = regions;
    blocks->regions_capacity = capacity;
    memset(blocks->recent, 0, sizeof blocks->recent); /* the regions have moved */
    return true;
}

static struct region *region_create(struct blocks *blocks, uint64_t key) {
    if ((blocks->regions_count + 1) * 2 > blocks->regions_capacity && !regions_grow(blocks))
        return NULL;
    struct cell *cells = pages_map(REGION_BYTES);
    if (!cells)
        return NULL;
    struct region *region = slot_of(blocks->regions, blocks->regions_capacity, key);
    *region = (struct region){.key = key, .cells = cells};
    blocks->regions_count++;
    blocks->recent[key % REGIONS_RECENT] = region;
    return region;
}

int blocks_insert_slow(struct blocks *blocks, uint64_t address, const struct block *block,
                       struct block *previous) {
    bool small = block->size < BLOCK_SMALL;
    struct region *region = blocks_region(blocks, address);
    if (!region && small)
        region = region_create(blocks, (address >> REGION_LOG2) + 1);

    struct cell *cell = region ? region_cell(region, address) : NULL;
    bool replaced = false;
    if (cell && cell_holds(cell, address)) {
        *previous = cell_block(blocks, cell);
        cell->word = 0;
        region->live--;
        replaced = true;
    }
    uint32_t owner = small ? owners_number(blocks->owners, block->site, block->thread) : OWNER_NONE;
    if (cell && !(cell->word & CELL_USED) && owner != OWNER_NONE) {
        if (blocks->careful && !replaced)
            replaced = spill_remove(&blocks->spill, address, previous);
        region_put(region, cell, address, cell_of(blocks, address, block, owner));
        return replaced;
    }
    struct block in_spill;
    int result = spill_insert(&blocks->spill, address, block, &in_spill);
    if (result == 1)
        *previous = in_spill;
    return result < 0 ? result : (result == 1 || replaced);
}

void blocks_trim(struct blocks *blocks) {
    for (uint32_t i = 0; i < blocks->regions_capacity; i++) {
        struct region *region = &blocks->regions[i];
        if (!region->key || region->live || !region->touched)
            continue;
        pages_clear(region->cells, REGION_BYTES);
        region->touched = 0;
    }
}

static void each_of_region(const struct blocks *blocks, const struct region *region, blocks_visit *visit,
                           void *context) {
    uint64_t base = (region->key - 1) << REGION_LOG2;
    for (uint32_t i = 0, left = region->live; i < REGION_CELLS && left; i++) {
        if (i % PART_CELLS == 0 && !(region->touched >> i / PART_CELLS & 1)) {
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
        if (blocks->regions[i].key)
            each_of_region(blocks, &blocks->regions[i], visit, context);
    blocks_each_spilled(blocks, visit, context);
}

uint32_t blocks_region_keys(const struct blocks *blocks, uint64_t *keys) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < blocks->regions_capacity; i++)
        if (blocks->regions[i].key)
            keys[count++] = blocks->regions[i].key;
    return count;
}

void blocks_free(struct blocks *blocks) {
    for (uint32_t i = 0; i < blocks->regions_capacity; i++)
        pages_unmap(blocks->regions[i].cells, REGION_BYTES);
    free(blocks->regions);
    spill_free(&blocks->spill);
    *blocks = (struct blocks){0};
}
