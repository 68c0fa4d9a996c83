/* reader.h — reads numbers from a bounded run of bytes; past the end it yields 0 and says so in `bad`. */
#ifndef MEMTRACE_SHIM_READER_H
#define MEMTRACE_SHIM_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "shim/util.h"

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

INLINE bool reader_has(struct reader *r, uint64_t bytes) {
    if ((uint64_t)(r->end - r->at) >= bytes)
        return true;
    r->bad = true;
    r->at = r->end;
    return false;
}

#define READER_FIXED(name, type)                                                                             \
    INLINE type name(struct reader *r) {                                                                     \
        type value = 0;                                                                                      \
        if (reader_has(r, sizeof value)) {                                                                   \
            memcpy(&value, r->at, sizeof value);                                                             \
            r->at += sizeof value;                                                                           \
        }                                                                                                    \
        return value;                                                                                        \
    }
READER_FIXED(read_u8, uint8_t)
READER_FIXED(read_u16, uint16_t)
READER_FIXED(read_u32, uint32_t)
READER_FIXED(read_u64, uint64_t)
READER_FIXED(read_s16, int16_t)
READER_FIXED(read_s32, int32_t)
#undef READER_FIXED

static inline uint64_t read_uleb(struct reader *r) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = read_u8(r);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
}

static inline int64_t read_sleb(struct reader *r) {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = read_u8(r);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40))
        value |= ~UINT64_C(0) << shift;
    return (int64_t)value;
}

INLINE void reader_skip(struct reader *r, uint64_t bytes) {
    if (reader_has(r, bytes))
        r->at += bytes;
}

#endif
