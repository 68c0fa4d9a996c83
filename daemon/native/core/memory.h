/* memory.h — memory of the core: lazily touched zero pages and arrays that grow.
 *
 * Everything here may fail and says so; the core then drops what it could not keep and counts it as lost.
 */
#ifndef MEMTRACE_CORE_MEMORY_H
#define MEMTRACE_CORE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define INLINE   static inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))

/* `bytes` of zeros of which only the touched pages take memory; NULL when there is no room. */
void *pages_map(size_t bytes);
void pages_unmap(void *pages, size_t bytes);
/* Makes these pages at once, all of which will be used: each for itself costs two page faults, one as it is
 * read and one as it is written. Where the kernel cannot (before Linux 5.14) that is what they cost. */
void pages_make(void *pages, size_t bytes);
/* Gives the memory of all touched pages back; they read as zero again. */
void pages_clear(void *pages, size_t bytes);

/* Grows the heap array `*items` of `*capacity` items so that `needed` fit; new items are zero.
 * False, with everything as it was, when there is no memory. */
bool array_reserve(void *items, uint32_t *capacity, uint64_t needed, size_t item_bytes);
/* Gives back what is not used. */
void array_shrink(void *items, uint32_t *capacity, uint32_t used, size_t item_bytes);

/* The clocks of the core. */
uint64_t monotonic_us(void);
/* The time of day when the core was loaded, carried on by the steady clock: times of one session can be
 * compared, whatever happens to the clock on the wall. */
uint64_t session_ns(void);
/* The same, of a moment told by monotonic_us. */
uint64_t session_ns_at(uint64_t at_us);
/* A time of day that another process read during the session, as far as that clock can be believed. */
uint64_t session_ns_of(uint64_t realtime_ns);

/* A bijective mix of 64 bits (the finalizer of SplitMix64). */
static inline uint64_t mix64(uint64_t x) {
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

#endif
