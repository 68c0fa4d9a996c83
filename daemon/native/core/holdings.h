/* holdings.h — what lives at each site, by age and by size.
 *
 * The ledger keeps sums only, since an age changes without any event: this is counted when somebody asks, by
 * a walk over all live blocks, and once more when a process ends. Grows with sites and classes, never with
 * blocks.
 */
#ifndef MEMTRACE_CORE_HOLDINGS_H
#define MEMTRACE_CORE_HOLDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/native/core/blocks.h"
#include "daemon/native/core/maps.h"
#include "proto/records.h"

/* A hash table while it is being counted, see holdings_pack. */
struct holdings {
    struct holding_record *items;
    uint32_t capacity;
    uint32_t count;
    uint64_t now_us;
    /* Which sites are counted, a byte each; NULL: all. */
    const uint8_t *chosen;
    uint32_t chosen_count;
    bool failed; /* there was no memory for all of it */
};

/* A blocks_visit; the context is a struct holdings. */
void holdings_visit(void *holdings, uint64_t address, const struct block *block);
void holdings_of_maps(struct holdings *holdings, const struct maps *maps);
/* Puts the records side by side at the start of `items`, in no particular order: the end of counting. */
void holdings_pack(struct holdings *holdings);
void holdings_free(struct holdings *holdings);

#endif
