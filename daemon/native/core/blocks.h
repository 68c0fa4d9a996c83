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
#define PART_CELLS     4096u /* whose pages are made at once: 128 KiB of heap, 32 KiB of cells */
#define PARTS          (REGION_CELLS / PART_CELLS)
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

/* Stays where it is, and its cells too, until blocks_free. */
struct region {
    uint64_t key; /* (address >> REGION_LOG2) + 1 */
    struct cell *cells;
    uint32_t live;                /* used cells */
    uint64_t touched[PARTS / 64]; /* a bit for each of its PARTS: something has been in it */
};

struct blocks {
    struct owners *owners;
    uint64_t since_us;       /* what births count from */
    struct region **regions; /* open addressing by key */
    uint32_t regions_capacity;
    uint32_t regions_count;
    struct region *recent[REGIONS_RECENT]; /* by key: those used last */
    uint64_t packed_us;                    /* the birth that was packed last: a batch has one for all */
    uint64_t packed;
    struct spill spill;
    /* Events may have been lost, so that an address may still stand in the table that its next block does
     * not use: look there too. */
    bool careful;
};

/* Where in the shadow an address belongs: nowhere when `region` is NULL. */
struct spot {
    struct region *region;
    struct cell *cell;
};

struct region *blocks_region_find(struct blocks *blocks, uint64_t key);
int blocks_insert_slow(struct blocks *blocks, uint64_t address, const struct block *block,
                       struct block *previous);
bool blocks_remove_slow(struct blocks *blocks, uint64_t address, struct block *removed);
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

INLINE struct cell cell_of(struct blocks *blocks, uint64_t address, const struct block *block,
                           uint32_t owner) {
    if (unlikely(blocks->packed_us != block->birth_us)) {
        uint64_t age_us = block->birth_us > blocks->since_us ? block->birth_us - blocks->since_us : 0;
        blocks->packed_us = block->birth_us;
        blocks->packed = (uint64_t)birth_pack(age_us) << CELL_BIRTH;
    }
    return (struct cell){(uint64_t)owner << CELL_OWNER | blocks->packed | block->size << CELL_SIZE |
                         (address >> 3 & 3) << 1 | CELL_USED};
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

INLINE struct spot blocks_spot(struct blocks *blocks, uint64_t address) {
    uint64_t key = (address >> REGION_LOG2) + 1;
    struct region *region = blocks->recent[key % REGIONS_RECENT];
    if (unlikely(!region || region->key != key))
        region = blocks_region_find(blocks, key);
    if (unlikely(!region))
        return (struct spot){NULL, NULL};
    return (struct spot){region, &region->cells[address >> CELL_LOG2 & (REGION_CELLS - 1)]};
}
INLINE uint32_t part_of(uint64_t address) {
    return (uint32_t)(address >> CELL_LOG2 & (REGION_CELLS - 1)) / PART_CELLS;
}
INLINE bool region_is_touched(const struct region *region, uint32_t part) {
    return region->touched[part / 64] >> part % 64 & 1;
}

/* Puts a block into its cell, which is free and of a touched part. */
INLINE void spot_put(struct spot spot, struct cell made) {
    *spot.cell = made;
    spot.region->live++;
}

/* The site of the small block that lives there, UINT32_MAX if there is none; only to prefetch. */
INLINE uint32_t blocks_peek_site(const struct blocks *blocks, struct spot spot) {
    return spot.cell && spot.cell->word & CELL_USED
               ? owners_pair(blocks->owners, (uint32_t)(spot.cell->word >> CELL_OWNER)).site
               : UINT32_MAX;
}

/* Whether a block of that size can be put there at once, without replacing anything. */
INLINE bool blocks_has_room(const struct blocks *blocks, struct spot spot, uint64_t address, uint64_t size) {
    return likely(spot.cell && size < BLOCK_SMALL && !blocks->careful) &&
           likely(region_is_touched(spot.region, part_of(address))) && likely(!(spot.cell->word & CELL_USED));
}

/* A block began to live. Returns 1 when one was already there (its free was lost), copied to `previous`;
 * 0 when not; -1 when there is no memory to keep it. `spot`: of the address, when it was last looked up. */
INLINE int blocks_insert(struct blocks *blocks, struct spot spot, uint64_t address, const struct block *block,
                         struct block *previous) {
    if (blocks_has_room(blocks, spot, address, block->size)) {
        uint32_t owner = owners_number(blocks->owners, block->site, block->thread);
        if (likely(owner != OWNER_NONE)) {
            spot_put(spot, cell_of(blocks, address, block, owner));
            return 0;
        }
    }
    return blocks_insert_slow(blocks, address, block, previous);
}

/* A block's life ended. False when there is none at this address. `spot`: as above. */
INLINE bool blocks_remove(struct blocks *blocks, struct spot spot, uint64_t address, struct block *removed) {
    if (unlikely(!spot.cell || !cell_holds(spot.cell, address)))
        return blocks_remove_slow(blocks, address, removed);
    *removed = cell_block(blocks, spot.cell);
    spot.cell->word = 0;
    spot.region->live--;
    return true;
}

#endif
