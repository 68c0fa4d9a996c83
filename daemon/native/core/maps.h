/* maps.h — the mappings of one process: which address ranges were mapped at which site.
 *
 * A treap of disjoint ranges. Bounded by the number of live pieces.
 */
#ifndef MEMTRACE_CORE_MAPS_H
#define MEMTRACE_CORE_MAPS_H

#include <stdbool.h>
#include <stdint.h>

struct map_range {
    uint64_t start;
    uint64_t end;
    uint64_t birth_us; /* by monotonic_us */
    uint32_t site;
    uint32_t priority;
    uint32_t left; /* index + 1, 0: none; of a free one: the next free */
    uint32_t right;
};

struct maps {
    struct map_range *ranges;
    uint32_t capacity;
    uint32_t count; /* used entries, free ones included */
    uint32_t root;
    uint32_t free;
    uint64_t seed;
};

/* What maps_remove took from one range. */
struct map_cut {
    uint64_t bytes;
    uint32_t site;
    int32_t pieces; /* change of the number of ranges: -1 gone, 0 shortened, +1 split in two */
};

/* Adds a range; what it overlaps must have been removed. False without memory. */
bool maps_add(struct maps *maps, uint64_t start, uint64_t end, uint32_t site, uint64_t birth_us);
/* Removes the lowest piece of [start, end) that is mapped, and says what it was; false when none is left. */
bool maps_remove(struct maps *maps, uint64_t start, uint64_t end, struct map_cut *cut);
void maps_free(struct maps *maps);

#endif
