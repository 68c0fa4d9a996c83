/* snapshot_text.c — the nodes and sites of a snapshot (proto/snapshot.ts) as JSON: they are most of its text.
 * Called over FFI; uses nothing of a session.
 */
#include <stdint.h>
#include <string.h>

#include "daemon/native/core/export.h"
#include "proto/records.h"

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

static char *put_kind(char *at, int64_t kind) {
    switch (kind) {
    case SITE_MMAP:
        return PUT(at, "mmap");
    case SITE_PYTHON:
        return PUT(at, "python");
    default:
        return PUT(at, "heap");
    }
}

/* The same of `count` sites of SITE_NUMBERS whole numbers each, below 2^53: the fields in their order, the
 * kind as enum site_kind. `out` has room for SITE_TEXT_BYTES each. */
EXPORT uint32_t core_sites_text(const double *numbers, uint32_t count, char *out) {
    static_assert(sizeof "{\"stack\":,\"kind\":\"python\",\"liveBytes\":,\"liveBlocks\":,\"totalBytes\":,"
                         "\"totalBlocks\":,\"peakBytes\":,\"peakBlocks\":,\"temporaryBlocks\":}," -
                          1 + (SITE_NUMBERS - 1) * (sizeof "9007199254740992" - 1) <=
                      SITE_TEXT_BYTES,
                  "room");
    char *at = out;
    for (uint32_t i = 0; i < count; i++, numbers += SITE_NUMBERS) {
        if (i)
            *at++ = ',';
        at = put_number(PUT(at, "{\"stack\":"), (int64_t)numbers[0]);
        at = put_kind(PUT(at, ",\"kind\":\""), (int64_t)numbers[1]);
        at = put_number(PUT(at, "\",\"liveBytes\":"), (int64_t)numbers[2]);
        at = put_number(PUT(at, ",\"liveBlocks\":"), (int64_t)numbers[3]);
        at = put_number(PUT(at, ",\"totalBytes\":"), (int64_t)numbers[4]);
        at = put_number(PUT(at, ",\"totalBlocks\":"), (int64_t)numbers[5]);
        at = put_number(PUT(at, ",\"peakBytes\":"), (int64_t)numbers[6]);
        at = put_number(PUT(at, ",\"peakBlocks\":"), (int64_t)numbers[7]);
        at = put_number(PUT(at, ",\"temporaryBlocks\":"), (int64_t)numbers[8]);
        *at++ = '}';
    }
    return (uint32_t)(at - out);
}
