/* owners.h — the site and the thread of a block as one number of 24 bits, for a cell of blocks.h.
 *
 * Most sites are of one thread: of such a pair the number is the site's, and the site says which thread was
 * the first. All other pairs get numbers from OWNER_OTHERS on, from a table that only grows, to 16 MiB. What
 * does not fit is OWNER_NONE: such a block goes to the spill table, which has the live ones only.
 */
#ifndef MEMTRACE_CORE_OWNERS_H
#define MEMTRACE_CORE_OWNERS_H

#include "daemon/native/core/memory.h"
#include "daemon/native/core/sites.h"

#ifndef OWNER_BITS
#define OWNER_BITS 24
#endif
#define OWNER_OTHERS (UINT32_C(1) << (OWNER_BITS - 1))
#define OWNER_NONE   UINT32_MAX

/* Thousands of threads at thousands of sites make more pairs than live blocks. */
#define OWNER_PAIRS_MOST (OWNER_OTHERS < UINT32_C(1) << 20 ? OWNER_OTHERS : UINT32_C(1) << 20)

struct owner {
    uint32_t site;
    uint32_t thread;
};

struct owners {
    const struct sites *sites;
    struct owner *others;
    uint32_t count;
    uint32_t capacity;
    uint32_t *slots; /* open addressing: index into others + 1; 0: empty */
    uint32_t slots_capacity;
};

/* The number of a pair that is not a site's first thread; OWNER_NONE when there is no room or no memory. */
uint32_t owners_of_other(struct owners *owners, uint32_t site, uint32_t thread);
void owners_free(struct owners *owners);

static inline uint32_t owners_number(struct owners *owners, uint32_t site, uint32_t thread) {
    if (likely(owners->sites->items[site].thread == thread && site < OWNER_OTHERS))
        return site;
    return owners_of_other(owners, site, thread);
}

/* Of a number that was given. */
static inline struct owner owners_pair(const struct owners *owners, uint32_t number) {
    if (likely(number < OWNER_OTHERS))
        return (struct owner){number, owners->sites->items[number].thread};
    return owners->others[number - OWNER_OTHERS];
}

#endif
