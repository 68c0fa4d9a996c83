/* spill.c — see spill.h. Linear probing, deletion by shifting back, at most 5/8 full. */
#define _GNU_SOURCE
#include "daemon/native/core/spill.h"

#include <stdlib.h>

#include "daemon/native/core/memory.h"

#define SPILL_LEAST 64u

static uint32_t home(const struct spill *spill, uint64_t address) {
    return (uint32_t)mix64(address) & (spill->capacity - 1);
}

static uint32_t find(const struct spill *spill, uint64_t address) {
    uint32_t i = home(spill, address);
    while (spill->slots[i].address && spill->slots[i].address != address)
        i = (i + 1) & (spill->capacity - 1);
    return i;
}

static bool resize(struct spill *spill, uint32_t capacity) {
    struct spill resized = {calloc(capacity, sizeof(struct spill_slot)), capacity, spill->count};
    if (!resized.slots)
        return false;
    for (uint32_t i = 0; i < spill->capacity; i++) {
        if (spill->slots[i].address)
            resized.slots[find(&resized, spill->slots[i].address)] = spill->slots[i];
    }
    free(spill->slots);
    *spill = resized;
    return true;
}

int spill_insert(struct spill *spill, uint64_t address, const struct block *block, struct block *previous) {
    if (!spill->capacity && !resize(spill, SPILL_LEAST))
        return -1;
    uint32_t i = find(spill, address);
    if (spill->slots[i].address) {
        *previous = spill->slots[i].block;
        spill->slots[i].block = *block;
        return 1;
    }
    if ((uint64_t)(spill->count + 1) * 8 > (uint64_t)spill->capacity * 5) {
        if (!resize(spill, spill->capacity * 2) && spill->count + 1 >= spill->capacity)
            return -1;
        i = find(spill, address);
    }
    spill->slots[i] = (struct spill_slot){address, *block};
    spill->count++;
    return 0;
}

bool spill_remove(struct spill *spill, uint64_t address, struct block *removed) {
    if (!spill->count)
        return false;
    uint32_t mask = spill->capacity - 1;
    uint32_t hole = find(spill, address);
    if (!spill->slots[hole].address)
        return false;
    *removed = spill->slots[hole].block;
    for (uint32_t i = (hole + 1) & mask; spill->slots[i].address; i = (i + 1) & mask) {
        /* May the one at i stand at the hole, that is, not before its home? */
        if (((i - home(spill, spill->slots[i].address)) & mask) >= ((i - hole) & mask)) {
            spill->slots[hole] = spill->slots[i];
            hole = i;
        }
    }
    spill->slots[hole].address = 0;
    spill->count--;
    if (spill->capacity > SPILL_LEAST && spill->count < spill->capacity / 8)
        resize(spill, spill->capacity / 4 < SPILL_LEAST ? SPILL_LEAST : spill->capacity / 4);
    return true;
}

void spill_free(struct spill *spill) {
    free(spill->slots);
    *spill = (struct spill){0};
}
