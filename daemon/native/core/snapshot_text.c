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

static char *put_count(char *at, uint64_t rest) {
    char digits[20];
    uint32_t count = 0;
    do
        digits[count++] = (char)('0' + rest % 10);
    while (rest /= 10);
    while (count)
        *at++ = digits[--count];
    return at;
}

static char *put_number(char *at, int32_t number) {
    if (number >= 0)
        return put_count(at, (uint64_t)number);
    *at++ = '-';
    return put_count(at, (uint64_t) - (int64_t)number);
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

/* Of a counter: a whole number, which may be more than 64 bits hold once it is rounded. */
static uint64_t whole(double counter) {
    return counter < 0x1p64 ? (uint64_t)counter : UINT64_MAX;
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
                1 + SITE_COUNTERS * (sizeof "18446744073709551615" - 1) <=
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
            at = put_count(at, whole(counters[(size_t)column * length + site]));
        }
        *at++ = '}';
    }
    return (uint32_t)(at - out);
}
