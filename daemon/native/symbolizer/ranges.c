/* ranges.c — sorted address intervals: built once, then searched by bisection.
 *
 * Replaces .debug_aranges, which clang does not write and on which libdw 0.188
 * depends. Must never report a range that the linker removed: such leftovers
 * start at 0 or at the top of the address space.
 */
#include "ranges.h"
#include "array.h"

#define TOMBSTONE ((Dwarf_Addr)-2) /* lld writes -1 and -2, ld writes 0 */

static void add(struct ranges *ranges, Dwarf_Addr low, Dwarf_Addr high, uint32_t index) {
    if (low == 0 || low >= high || low >= TOMBSTONE)
        return;
    *ARRAY_PUSH(ranges->items, ranges->count, ranges->capacity) =
        (struct range){.low = low, .high = high, .index = index};
}

bool ranges_add_die(struct ranges *ranges, Dwarf_Die *die, uint32_t index) {
    size_t before = ranges->count;
    Dwarf_Addr base, low, high;
    ptrdiff_t offset = 0;
    while ((offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0)
        add(ranges, low, high, index);
    return ranges->count > before;
}

/* By start, the longer first, so that of two nested ranges the inner one comes later. */
static int compare(const void *left, const void *right) {
    const struct range *a = left, *b = right;
    if (a->low != b->low)
        return a->low < b->low ? -1 : 1;
    if (a->high != b->high)
        return a->high > b->high ? -1 : 1;
    return 0;
}

void ranges_sort(struct ranges *ranges) {
    if (ranges->count)
        qsort(ranges->items, ranges->count, sizeof *ranges->items, compare);
    Dwarf_Addr reach = 0;
    for (size_t i = 0; i < ranges->count; i++) {
        if (ranges->items[i].high > reach)
            reach = ranges->items[i].high;
        ranges->items[i].reach = reach;
    }
}

long ranges_find(const struct ranges *ranges, Dwarf_Addr address) {
    size_t low = 0, high = ranges->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->items[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    while (low-- > 0 && ranges->items[low].reach > address)
        if (address < ranges->items[low].high)
            return ranges->items[low].index;
    return -1;
}

void ranges_free(struct ranges *ranges) {
    free(ranges->items);
    *ranges = (struct ranges){0};
}
