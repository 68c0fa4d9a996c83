/* nodes_text.c — the nodes of a tree of stacks as JSON: they are most of a snapshot's text. Called over FFI;
 * uses nothing of a session.
 */
#include <stdint.h>
#include <string.h>

#include "daemon/native/core/export.h"
#include "proto/records.h"

static char *put_text(char *at, const char *text, size_t bytes) {
    memcpy(at, text, bytes);
    return at + bytes;
}

static char *put_number(char *at, int32_t number) {
    uint32_t rest = number < 0 ? 0 - (uint32_t)number : (uint32_t)number;
    char digits[10];
    uint32_t count = 0;
    do
        digits[count++] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        *at++ = '-';
    while (count)
        *at++ = digits[--count];
    return at;
}

#define PUT(at, literal) put_text(at, literal, sizeof(literal) - 1)

/* Writes `count` nodes, with commas between them and none behind the last; `out` has room for NODE_TEXT_BYTES
 * each. Returns how many bytes they took. */
EXPORT uint32_t core_nodes_text(const int32_t *parent, const int32_t *frame, uint32_t count, char *out) {
    static_assert(sizeof "{\"parent\":-2147483648,\"frame\":-2147483648}," - 1 == NODE_TEXT_BYTES, "room");
    char *at = out;
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            *at++ = ',';
        at = put_number(PUT(at, "{\"parent\":"), parent[i]);
        at = put_number(PUT(at, ",\"frame\":"), frame[i]);
        *at++ = '}';
    }
    return (uint32_t)(at - out);
}
