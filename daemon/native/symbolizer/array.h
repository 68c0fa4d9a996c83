/* array.h — growing arrays for every table of the symbolizer.
 *
 * Running out of memory ends the process: the daemon sees the death, starts a
 * new child and blames the module in work. So nobody checks for NULL here.
 */
#ifndef SYMBOLIZER_ARRAY_H
#define SYMBOLIZER_ARRAY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more element of `size` bytes; returns the (possibly moved) array. */
static inline void *array_grow(void *items, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity)
        return items;
    *capacity = *capacity ? *capacity * 2 : 32;
    void *grown = realloc(items, *capacity * size);
    if (!grown)
        abort();
    return grown;
}

#define ARRAY_PUSH(items, count, capacity)                                                                   \
    ((items) = array_grow((items), (count), &(capacity), sizeof *(items)), &(items)[(count)++])

static inline char *text_copy(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (!copy)
        abort();
    return memcpy(copy, text, size);
}

#endif
