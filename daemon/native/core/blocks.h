/* blocks.h — the live blocks of one process: address → size, site, thread.
 *
 * Small blocks live in a shadow of the heap's address space: regions of 64 MiB, one 16-byte cell for each 32
 * bytes, mapped lazily. It halves the cost of a hash table, since neighbours in the
 * heap are neighbours here and no key has to be compared. Large blocks would waste it (a touched shadow page
 * for each), and a second small block inside the same 32 bytes has no cell; both go to the spill table.
 *
 * Owned by its process; only the drain changes it.
 */
#ifndef MEMTRACE_CORE_BLOCKS_H
#define MEMTRACE_CORE_BLOCKS_H

#include "daemon/native/core/memory.h"
#include "daemon/native/core/spill.h"

#define REGION_LOG2  26 /* bytes of heap that a region covers */
#define CELL_LOG2    5  /* bytes of heap that a cell covers */
#define REGION_CELLS (UINT32_C(1) << (REGION_LOG2 - CELL_LOG2))
#define BLOCK_SMALL  1024u /* from this size on a block goes to the spill table */
#define CELL_USED    1u
#define CELL_OFFSET  3u /* shift of the size; bits 1..2: the block's address >> 3 & 3 */

struct cell {
    uint64_t word; /* size << 3 | (address >> 3 & 3) << 1 | used */
    uint32_t site;
    uint32_t thread;
};

struct region {
    uint64_t key; /* (address >> REGION_LOG2) + 1; 0: empty */
    struct cell *cells;
    uint32_t live; /* used cells */
    uint32_t touched;
};

struct blocks {
    struct region *regions; /* open addressing by key */
    uint32_t regions_capacity;
    uint32_t regions_count;
    struct region *last; /* the region used last */
    struct spill spill;
    /* Events may have been lost, so that an address may still stand in the table that its next block does
     * not use: look there too. */
    bool careful;
};

struct region *blocks_region_find(struct blocks *blocks, uint64_t key);
int blocks_insert_slow(struct blocks *blocks, uint64_t address, const struct block *block,
                       struct block *previous);
/* Gives back the shadow of regions in which nothing lives; call it now and then. */
void blocks_trim(struct blocks *blocks);
void blocks_free(struct blocks *blocks);

/* Calls `visit` for every live block, in no particular order. */
void blocks_each(const struct blocks *blocks,
                 void (*visit)(void *context, uint64_t address, const struct block *block), void *context);

static inline uint64_t cell_word(uint64_t address, uint64_t size) {
    return size << CELL_OFFSET | (address >> 3 & 3) << 1 | CELL_USED;
}
static inline bool cell_holds(const struct cell *cell, uint64_t address) {
    return (cell->word & 7) == ((address >> 3 & 3) << 1 | CELL_USED);
}

static inline struct region *blocks_region(struct blocks *blocks, uint64_t address) {
    uint64_t key = (address >> REGION_LOG2) + 1;
    if (likely(blocks->last && blocks->last->key == key))
        return blocks->last;
    return blocks_region_find(blocks, key);
}
static inline struct cell *region_cell(const struct region *region, uint64_t address) {
    return &region->cells[address >> CELL_LOG2 & (REGION_CELLS - 1)];
}

/* Fetches what an event at this address will need. */
static inline void blocks_prefetch(struct blocks *blocks, uint64_t address) {
    struct region *region = blocks_region(blocks, address);
    if (likely(region != NULL))
        __builtin_prefetch(region_cell(region, address), 1, 3);
}

/* The site of a small block that lives at this address, perhaps; only to prefetch. */
static inline uint32_t blocks_peek_site(struct blocks *blocks, uint64_t address) {
    struct region *region = blocks_region(blocks, address);
    return region ? region_cell(region, address)->site : UINT32_MAX;
}

/* A block began to live. Returns 1 when one was already there (its free was lost), copied to `previous`;
 * 0 when not; -1 when there is no memory to keep it. */
static inline int blocks_insert(struct blocks *blocks, uint64_t address, const struct block *block,
                                struct block *previous) {
    struct region *region = blocks_region(blocks, address);
    if (likely(region && block->size < BLOCK_SMALL && !blocks->careful)) {
        struct cell *cell = region_cell(region, address);
        if (likely(!(cell->word & CELL_USED))) {
            *cell = (struct cell){cell_word(address, block->size), block->site, block->thread};
            region->live++;
            region->touched = 1;
            return 0;
        }
    }
    return blocks_insert_slow(blocks, address, block, previous);
}

/* A block's life ended. False when there is none at this address. */
static inline bool blocks_remove(struct blocks *blocks, uint64_t address, struct block *removed) {
    struct region *region = blocks_region(blocks, address);
    if (likely(region != NULL)) {
        struct cell *cell = region_cell(region, address);
        if (likely(cell_holds(cell, address))) {
            *removed = (struct block){cell->word >> CELL_OFFSET, cell->site, cell->thread};
            cell->word = 0;
            region->live--;
            return true;
        }
    }
    return spill_remove(&blocks->spill, address, removed);
}

#endif
