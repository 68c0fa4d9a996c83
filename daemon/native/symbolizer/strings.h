/* strings.h — a map from text to a number; the texts are copied and kept. */
#ifndef SYMBOLIZER_STRINGS_H
#define SYMBOLIZER_STRINGS_H

#include <stddef.h>
#include <stdint.h>

struct strings {
    struct string_slot *slots;
    size_t capacity, count;
};

/* The value stored for `text`, to be read or set; *found tells whether it was there before (else it is 0).
 * The pointer is good until the next call. */
uint32_t *strings_at(struct strings *strings, const char *text, int *found);

#endif
