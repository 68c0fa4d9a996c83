/* birth.h — when a block was allocated, in 27 bits: the time since its process was first seen.
 *
 * A small float: 22 bits of BIRTH_UNIT_US, and 5 bits that say how often the unit was doubled. So it is right
 * to 64 µs for the first four minutes and to a quarter of a millionth of the process's time from then on, 20
 * ms after a day; and there is no end to it. Never later than the time that was given.
 */
#ifndef MEMTRACE_CORE_BIRTH_H
#define MEMTRACE_CORE_BIRTH_H

#include <stdint.h>

#define BIRTH_BITS     27
#define BIRTH_MANTISSA 22
#define BIRTH_UNIT_US  64

/* `us`: microseconds since the process was first seen, below 2^59. */
static inline uint32_t birth_pack(uint64_t us) {
    uint64_t units = us / BIRTH_UNIT_US;
    if (!(units >> BIRTH_MANTISSA))
        return (uint32_t)units;
    uint32_t doubled =
        63 - BIRTH_MANTISSA - (uint32_t)__builtin_clzll(units); /* the leading 1 stays unsaid */
    uint32_t mantissa = (uint32_t)(units >> doubled) & ((UINT32_C(1) << BIRTH_MANTISSA) - 1);
    return (doubled + 1) << BIRTH_MANTISSA | mantissa;
}

static inline uint64_t birth_unpack(uint32_t birth) {
    uint64_t mantissa = birth & ((UINT32_C(1) << BIRTH_MANTISSA) - 1);
    uint32_t doubled = birth >> BIRTH_MANTISSA;
    uint64_t units = doubled ? (mantissa | UINT64_C(1) << BIRTH_MANTISSA) << (doubled - 1) : mantissa;
    return units * BIRTH_UNIT_US;
}

#endif
