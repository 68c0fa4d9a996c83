/* ranges.h — sorted address intervals, each pointing at a table entry. */
#ifndef SYMBOLIZER_RANGES_H
#define SYMBOLIZER_RANGES_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

struct range {
    Dwarf_Addr low, high; /* [low, high) */
    Dwarf_Addr reach;     /* greatest `high` of this and all earlier ranges, set by ranges_sort */
    uint32_t index;
};

struct ranges {
    struct range *items;
    size_t count, capacity;
};

/* Adds all ranges of a DIE but empty ones and tombstones of dropped sections. True: it had any. */
bool ranges_add_die(struct ranges *ranges, Dwarf_Die *die, uint32_t index);
/* To be called once after the last add and before the first find. */
void ranges_sort(struct ranges *ranges);
/* The index of the innermost (latest starting) range around `address`, or -1. */
long ranges_find(const struct ranges *ranges, Dwarf_Addr address);
void ranges_free(struct ranges *ranges);

#endif
