/* snapshot_text.c — the nodes and sites of a snapshot (proto/snapshot.ts) as JSON: they are most of its text.
 * Called over FFI; uses nothing of a session.
 */
#include <stdint.h>
#include <string.h>

#include "daemon/native/core/export.h"
#include "proto/records.h"

#define MOST_WHOLE INT64_C(9007199254740991) /* 2^53 - 1 */

static char *put_text(char *at, const char *text, size_t bytes) {
    memcpy(at, text, bytes);
    return at + bytes;
}

#define PUT(at, literal) put_text(at, literal, sizeof(literal) - 1)

static char *put_number(char *at, int64_t number) {
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    char digits[20];
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

static char *put_kind(char *at, uint8_t kind) {
    switch (kind) {
    case SITE_MMAP:
        return PUT(at, "mmap");
    case SITE_PYTHON:
        return PUT(at, "python");
    default:
        return PUT(at, "heap");
    }
}

/* Address space that is reserved again and again adds up to more; readers of JSON are lost beyond this. */
static int64_t whole(double number) {
    if (!(number < MOST_WHOLE))
        return MOST_WHOLE;
    return number > -MOST_WHOLE ? (int64_t)number : -MOST_WHOLE;
}

/* The same of `count` sites from number `from` on, of columns of `length` items each: the stack, the kind as
 * enum site_kind, and the SITE_COUNTERS counters one column after the other, whole numbers. `out` has room
 * for SITE_TEXT_BYTES each. */
EXPORT uint32_t core_sites_text(const int32_t *stack, const uint8_t *kind, const double *counters,
                                uint32_t length, uint32_t from, uint32_t count, char *out) {
    static const char *const names[SITE_COUNTERS] = {
        "\",\"liveBytes\":", ",\"liveBlocks\":", ",\"totalBytes\":",     ",\"totalBlocks\":",
        ",\"peakBytes\":",   ",\"peakBlocks\":", ",\"temporaryBlocks\":"};
    static_assert(
        sizeof "{\"stack\":-2147483648,\"kind\":\"python\",\"liveBytes\":,\"liveBlocks\":,\"totalBytes\":,"
               "\"totalBlocks\":,\"peakBytes\":,\"peakBlocks\":,\"temporaryBlocks\":}," -
                1 + SITE_COUNTERS * (sizeof "-9007199254740991" - 1) <=
            SITE_TEXT_BYTES,
        "room");
    char *at = out;
    for (uint32_t site = from; site < from + count; site++) {
        if (site > from)
            *at++ = ',';
        at = put_number(PUT(at, "{\"stack\":"), stack[site]);
        at = put_kind(PUT(at, ",\"kind\":\""), kind[site]);
        for (uint32_t column = 0; column < SITE_COUNTERS; column++) {
            at = put_text(at, names[column], strlen(names[column]));
            at = put_number(at, whole(counters[(size_t)column * length + site]));
        }
        *at++ = '}';
    }
    return (uint32_t)(at - out);
}
