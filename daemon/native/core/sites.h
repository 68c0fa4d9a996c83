/* sites.h — what happened at each stack, and at the peak.
 *
 * Grows with distinct stacks only. A site is found through a dense array indexed by stack id.
 *
 * Peak per site in O(1): a new maximum of a kind only bumps `epoch`. A site remembers the epoch of its last
 * change; while it lags behind, its live value is its value at the peak, and is kept just before it changes:
 *     value at the peak = site.peak_epoch < gauge.epoch ? live : peak
 */
#ifndef MEMTRACE_CORE_SITES_H
#define MEMTRACE_CORE_SITES_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/native/core/archive.h"
#include "proto/records.h"

#define SITE_KINDS 3 /* enum site_kind */
#define SITE_NONE  UINT32_C(0xffffffff)

struct site {
    uint64_t live_bytes;
    uint64_t total_bytes;
    uint64_t peak_bytes;
    uint64_t total_blocks;
    uint64_t temporary_blocks;
    uint32_t live_blocks;
    uint32_t peak_blocks;
    uint32_t peak_epoch;
    uint32_t stack;
    uint8_t kind;
    uint8_t truncated; /* 1: its stack was cut */
    uint16_t thread;   /* the first that allocated there, see owners.h */
};
static_assert(sizeof(struct site) == 64, "one cache line");

/* The sum over all sites of a kind, now and at its largest. */
struct gauge {
    uint64_t live_bytes;
    uint64_t live_blocks;
    uint64_t total_bytes;
    uint64_t peak_bytes;
    uint64_t peak_blocks;
    uint32_t epoch; /* bumped at each new maximum */
};

struct sites {
    struct site *items; /* the archive's once sealed, with a capacity of 0 */
    uint32_t count;
    uint32_t capacity;
    struct gauge gauge[SITE_KINDS];
    struct {
        uint32_t *site; /* stack id → index + 1 */
        uint32_t capacity;
    } of_stack[SITE_KINDS];
};

/* The site of a stack if it is known, else SITE_NONE. */
static inline uint32_t sites_find(const struct sites *sites, uint32_t stack, enum site_kind kind) {
    if (stack >= sites->of_stack[kind].capacity)
        return SITE_NONE;
    return sites->of_stack[kind].site[stack] - 1;
}

/* Adds a site; SITE_NONE when there is no memory. `truncated`: its stack was cut. */
uint32_t sites_add(struct sites *sites, uint32_t stack, enum site_kind kind, uint32_t thread, bool truncated);

static inline void site_before_change(struct site *site, const struct gauge *gauge) {
    if (site->peak_epoch == gauge->epoch)
        return;
    site->peak_bytes = site->live_bytes;
    site->peak_blocks = site->live_blocks;
    site->peak_epoch = gauge->epoch;
}

/* `bytes` and `blocks` began to live at a site. `gauge`: of its kind. */
static inline void site_grow(struct site *site, struct gauge *gauge, uint64_t bytes, uint32_t blocks) {
    site_before_change(site, gauge);
    site->live_bytes += bytes;
    site->live_blocks += blocks;
    gauge->live_bytes += bytes;
    gauge->live_blocks += blocks;
    if (gauge->live_bytes > gauge->peak_bytes) {
        gauge->peak_bytes = gauge->live_bytes;
        gauge->peak_blocks = gauge->live_blocks;
        gauge->epoch++;
    }
}

/* `bytes` and `blocks` ceased to live at a site. */
static inline void site_shrink(struct site *site, struct gauge *gauge, uint64_t bytes, uint32_t blocks) {
    site_before_change(site, gauge);
    site->live_bytes -= bytes;
    site->live_blocks -= blocks;
    gauge->live_bytes -= bytes;
    gauge->live_blocks -= blocks;
}

/* Counts an allocation in the totals; what lives is counted by site_grow. */
static inline void site_count(struct site *site, struct gauge *gauge, uint64_t bytes) {
    site->total_bytes += bytes;
    site->total_blocks++;
    gauge->total_bytes += bytes;
}

static inline void sites_grow(struct sites *sites, uint32_t index, uint64_t bytes, uint32_t blocks) {
    struct site *site = &sites->items[index];
    site_grow(site, &sites->gauge[site->kind], bytes, blocks);
}
static inline void sites_shrink(struct sites *sites, uint32_t index, uint64_t bytes, uint32_t blocks) {
    struct site *site = &sites->items[index];
    site_shrink(site, &sites->gauge[site->kind], bytes, blocks);
}
static inline void sites_count(struct sites *sites, uint32_t index, uint64_t bytes) {
    struct site *site = &sites->items[index];
    site_count(site, &sites->gauge[site->kind], bytes);
}

/* The record of a site as others see it. */
struct site_record sites_record(const struct sites *sites, uint32_t index);

/* Keeps the records in the archive, gives back all else: nothing will change any more. */
void sites_seal(struct sites *sites, struct archive *archive);
void sites_free(struct sites *sites);

#endif
