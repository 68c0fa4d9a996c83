/* text.c — Python's compact strings: 1, 2 or 4 bytes a character. Rules: text.h. */
#include "shim/python/text.h"

#include <string.h>

#include "shim/python/interpreter.h"

static uint32_t put(char *out, uint32_t c) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

uint32_t text_copy(const struct python_layout *layout, uintptr_t object, char *out, uint32_t size) {
    if (!object || *(void **)(object + PYTHON_TYPE) != python.text_type)
        return 0;
    uint64_t length = *(uint64_t *)(object + PYTHON_TEXT_LENGTH);
    uint32_t state = *(uint32_t *)(object + PYTHON_TEXT_STATE);
    unsigned width = state >> 2 & 7, is_compact = state >> 5 & 1, is_ascii = state >> 6 & 1;
    if (!is_compact)
        return 0;
    const void *characters =
        (const void *)(object + (uintptr_t)(is_ascii ? layout->text_ascii : layout->text_compact));
    if (is_ascii) {
        uint32_t bytes = length < size ? (uint32_t)length : size;
        memcpy(out, characters, bytes);
        return bytes;
    }
    uint32_t n = 0;
    for (uint64_t i = 0; i < length && n + 4 <= size; i++)
        n += put(out + n, width == 1   ? ((const uint8_t *)characters)[i]
                          : width == 2 ? ((const uint16_t *)characters)[i]
                                       : ((const uint32_t *)characters)[i]);
    return n;
}
