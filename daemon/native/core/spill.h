/* spill.h — address → block, for the blocks that the shadow cells of blocks.h do not take.
 *
 * An open-addressing hash table, bounded by the number of blocks in it: it grows and shrinks with them.
 */
#ifndef MEMTRACE_CORE_SPILL_H
#define MEMTRACE_CORE_SPILL_H

#include <stdbool.h>
#include <stdint.h>

/* A live block. */
struct block {
    uint64_t size;     /* bytes as asked for */
    uint64_t birth_us; /* when its allocation was read, by monotonic_us */
    uint32_t site;     /* index in the process's sites */
    uint32_t thread;   /* index of the thread that allocated it */
};

struct spill_slot {
    uint64_t address; /* 0: empty */
    struct block block;
};

struct spill {
    struct spill_slot *slots;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t count;
};

/* Puts a block in. Returns 1 when it replaced one, copied to `previous`; 0 when not; -1 without memory. */
int spill_insert(struct spill *spill, uint64_t address, const struct block *block, struct block *previous);
/* Takes a block out; false when there is none at this address. */
bool spill_remove(struct spill *spill, uint64_t address, struct block *removed);
void spill_free(struct spill *spill);

#endif
