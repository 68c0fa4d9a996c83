/* scopes.c — DIEs have no parent pointers, and functions without a linkage name
 * (static functions, lambdas, local classes) need their parents to be named.
 *
 * Keeps one small record per scope that contains functions, never a prefix per
 * function: those cost 100 MB on a large C++ program.
 */
#include "scopes.h"
#include "array.h"

size_t scopes_open(struct scopes *scopes, Dwarf_Die *die, size_t parent) {
    Dwarf_Off offset = dwarf_dieoffset(die);
    *ARRAY_PUSH(scopes->items, scopes->count, scopes->capacity) =
        (struct scope){.die = *die, .first = offset, .last = offset, .parent = parent};
    return scopes->count - 1;
}

void scopes_close(struct scopes *scopes, size_t scope, Dwarf_Off last) {
    scopes->items[scope].last = last;
}

void scopes_drop(struct scopes *scopes, size_t scope) {
    scopes->count = scope;
}

size_t scopes_around(const struct scopes *scopes, Dwarf_Off offset) {
    size_t low = 0, high = scopes->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (scopes->items[middle].first < offset)
            low = middle + 1;
        else
            high = middle;
    }
    size_t scope = low ? low - 1 : SCOPE_NONE;
    while (scope != SCOPE_NONE && scopes->items[scope].last < offset)
        scope = scopes->items[scope].parent;
    return scope;
}

void scopes_free(struct scopes *scopes) {
    free(scopes->items);
    *scopes = (struct scopes){0};
}
