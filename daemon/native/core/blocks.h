/* blocks.h — the live blocks of one process: address → size, birth, site, thread.
 *
 * Small blocks live in a shadow of the heap's address space: regions of 64 MiB, one 8-byte cell for each 32
 * bytes, mapped lazily. It halves the cost of a hash table, since neighbours in the heap are neighbours here
 * and no key has to be compared; and what it costs is the pages and cache lines that it touches, so a cell is
 * as small as can be. Large blocks would waste it (a touched shadow page for each), and a second small block
 * inside the same 32 bytes has no cell; both go to the spill table.
 *
 * Owned by its process; only the drain changes it.
 */
#ifndef MEMTRACE_CORE_BLOCKS_H
#define MEMTRACE_CORE_BLOCKS_H

#include <assert.h>

#include "daemon/native/core/birth.h"
#include "daemon/native/core/memory.h"
#include "daemon/native/core/owners.h"
#include "daemon/native/core/spill.h"

#define REGION_LOG2    26 /* bytes of heap that a region covers */
#define CELL_LOG2      5  /* bytes of heap that a cell covers */
#define REGION_CELLS   (UINT32_C(1) << (REGION_LOG2 - CELL_LOG2))
#define REGIONS_RECENT 64u   /* 4 GiB of heap without a look into the table of regions */
#define BLOCK_SMALL    1024u /* from this size on a block goes to the spill table */
#define PARTS          32u   /* of a region: a walk leaves out those that were never touched */
#define PART_CELLS     (REGION_CELLS / PARTS)
#define CELL_USED      1u
#define CELL_SIZE      3u  /* shift of the size; bits 1..2: the block's address >> 3 & 3 */
#define CELL_BIRTH     13u /* shift of the birth, see birth.h */
#define CELL_OWNER     40u /* shift of the owner, see owners.h */
static_assert(BLOCK_SMALL == 1u << (CELL_BIRTH - CELL_SIZE), "a small size fits below the birth");
static_assert(CELL_BIRTH + BIRTH_BITS == CELL_OWNER && CELL_OWNER + OWNER_BITS <= 64, "all fits");

/* owner << 40 | birth << 13 | size << 3 | (address >> 3 & 3) << 1 | used */
struct cell {
    uint64_t word;
};

struct region {
    uint64_t key; /* (address >> REGION_LOG2) + 1; 0: empty */
    struct cell *cells;
    uint32_t live;    /* used cells */
    uint32_t touched; /* a bit for each of its PARTS: something has been in it */
};

struct blocks {
    struct owners *owners;
    uint64_t since_us;      /* what births count from */
    struct region *regions; /* open addressing by key */
    uint32_t regions_capacity;
    uint32_t regions_count;
    struct region *recent[REGIONS_RECENT]; /* by key: those used last */
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
/* `now_us`: by monotonic_us; no block is older. */
static inline void blocks_init(struct blocks *blocks, struct owners *owners, uint64_t now_us) {
    *blocks = (struct blocks){.owners = owners, .since_us = now_us};
}

/* Calls `visit` for every live block, in no particular order. */
typedef void blocks_visit(void *context, uint64_t address, const struct block *block);
void blocks_each(const struct blocks *blocks, blocks_visit *visit, void *context);
/* The same in parts, between which blocks may come and go: those of each region, and those of none. Regions
 * never go away; `keys` has room for regions_count. */
uint32_t blocks_region_keys(const struct blocks *blocks, uint64_t *keys);
void blocks_each_of_region(struct blocks *blocks, uint64_t key, blocks_visit *visit, void *context);
void blocks_each_spilled(const struct blocks *blocks, blocks_visit *visit, void *context);

static inline struct cell cell_of(const struct blocks *blocks, uint64_t address, const struct block *block,
                                  uint32_t owner) {
    uint64_t age_us = block->birth_us > blocks->since_us ? block->birth_us - blocks->since_us : 0;
    return (struct cell){(uint64_t)owner << CELL_OWNER | (uint64_t)birth_pack(age_us) << CELL_BIRTH |
                         block->size << CELL_SIZE | (address >> 3 & 3) << 1 | CELL_USED};
}
static inline struct block cell_block(const struct blocks *blocks, const struct cell *cell) {
    struct owner owner = owners_pair(blocks->owners, (uint32_t)(cell->word >> CELL_OWNER));
    uint32_t birth = (uint32_t)(cell->word >> CELL_BIRTH) & ((UINT32_C(1) << BIRTH_BITS) - 1);
    return (struct block){cell->word >> CELL_SIZE & (BLOCK_SMALL - 1), blocks->since_us + birth_unpack(birth),
                          owner.site, owner.thread};
}
static inline bool cell_holds(const struct cell *cell, uint64_t address) {
    return (cell->word & 7) == ((address >> 3 & 3) << 1 | CELL_USED);
}

static inline struct region *blocks_region(struct blocks *blocks, uint64_t address) {
    uint64_t key = (address >> REGION_LOG2) + 1;
    struct region *recent = blocks->recent[key % REGIONS_RECENT];
    if (likely(recent && recent->key == key))
        return recent;
    return blocks_region_find(blocks, key);
}
static inline struct cell *region_cell(const struct region *region, uint64_t address) {
    return &region->cells[address >> CELL_LOG2 & (REGION_CELLS - 1)];
}
/* Puts a block into its cell, which is free. */
static inline void region_put(struct region *region, struct cell *cell, uint64_t address, struct cell made) {
    *cell = made;
    region->live++;
    region->touched |= UINT32_C(1) << ((address >> CELL_LOG2 & (REGION_CELLS - 1)) / PART_CELLS);
}

/* Fetches what an event at this address will need. */
static inline void blocks_prefetch(struct blocks *blocks, uint64_t address) {
    struct region *region = blocks_region(blocks, address);
    if (likely(region != NULL))
        __builtin_prefetch(region_cell(region, address), 1, 3);
}

/* The site of the small block that lives at this address, if there is one; only to prefetch. */
static inline uint32_t blocks_peek_site(struct blocks *blocks, uint64_t address) {
    struct region *region = blocks_region(blocks, address);
    const struct cell *cell = region ? region_cell(region, address) : NULL;
    return cell && cell->word & CELL_USED
               ? owners_pair(blocks->owners, (uint32_t)(cell->word >> CELL_OWNER)).site
               : UINT32_MAX;
}

/* A block began to live. Returns 1 when one was already there (its free was lost), copied to `previous`;
 * 0 when not; -1 when there is no memory to keep it. */
static inline int blocks_insert(struct blocks *blocks, uint64_t address, const struct block *block,
                                struct block *previous) {
    struct region *region = blocks_region(blocks, address);
    if (likely(region && block->size < BLOCK_SMALL && !blocks->careful)) {
        struct cell *cell = region_cell(region, address);
        uint32_t owner = owners_number(blocks->owners, block->site, block->thread);
        if (likely(!(cell->word & CELL_USED) && owner != OWNER_NONE)) {
            region_put(region, cell, address, cell_of(blocks, address, block, owner));
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
            *removed = cell_block(blocks, cell);
            cell->word = 0;
            region->live--;
            return true;
        }
    }
    return spill_remove(&blocks->spill, address, removed);
}

#endif
