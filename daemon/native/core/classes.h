/* classes.h — the classes of size and age that live blocks are counted by. Bounds: proto/records.h. */
#ifndef MEMTRACE_CORE_CLASSES_H
#define MEMTRACE_CORE_CLASSES_H

#include <stdint.h>

#include "proto/records.h"

static inline uint32_t size_class(uint64_t size) {
    return size == 0 ? 0 : 64 - (uint32_t)__builtin_clzll(size);
}

static inline uint32_t age_class(uint64_t age_us) {
    static const uint64_t bounds_s[] = AGE_BOUNDS_S;
    static_assert(sizeof bounds_s / sizeof *bounds_s == AGE_CLASSES - 1, "a class on each side of a bound");
    uint32_t class = 0;
    while (class < AGE_CLASSES - 1 && age_us >= bounds_s[class] * 1000000)
        class ++;
    return class;
}

#endif
