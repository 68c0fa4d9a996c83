/* sites.c — see sites.h. */
#define _GNU_SOURCE
#include "daemon/native/core/sites.h"

#include <stdlib.h>

#include "daemon/native/core/memory.h"

uint32_t sites_add(struct sites *sites, uint32_t stack, enum site_kind kind, uint32_t thread,
                   bool truncated) {
    if (!array_reserve(&sites->items, &sites->capacity, (uint64_t)sites->count + 1, sizeof *sites->items) ||
        !array_reserve(&sites->of_stack[kind].site, &sites->of_stack[kind].capacity, (uint64_t)stack + 1,
                       sizeof(uint32_t)))
        return SITE_NONE;
    uint32_t index = sites->count++;
    sites->items[index] = (struct site){.peak_epoch = sites->gauge[kind].epoch,
                                        .stack = stack,
                                        .kind = (uint8_t)kind,
                                        .truncated = truncated,
                                        .thread = (uint16_t)thread};
    sites->of_stack[kind].site[stack] = index + 1;
    return index;
}

struct site_record sites_record(const struct sites *sites, uint32_t index) {
    const struct site *site = &sites->items[index];
    bool unchanged = site->peak_epoch != sites->gauge[site->kind].epoch;
    return (struct site_record){
        .stack = site->stack,
        .kind = site->kind,
        .live_bytes = site->live_bytes,
        .live_blocks = site->live_blocks,
        .total_bytes = site->total_bytes,
        .total_blocks = site->total_blocks,
        .peak_bytes = unchanged ? site->live_bytes : site->peak_bytes,
        .peak_blocks = unchanged ? site->live_blocks : site->peak_blocks,
        .temporary_blocks = site->temporary_blocks,
    };
}

static void forget_stacks(struct sites *sites) {
    for (int kind = 0; kind < SITE_KINDS; kind++)
        array_shrink(&sites->of_stack[kind].site, &sites->of_stack[kind].capacity, 0, sizeof(uint32_t));
}

/* Where the archive has no room they stay. */
void sites_seal(struct sites *sites, struct archive *archive) {
    forget_stacks(sites);
    const void *kept = archive_keep(archive, sites->items, sites->count * sizeof *sites->items);
    if (!kept)
        return;
    free(sites->items);
    sites->items = (struct site *)kept;
    sites->capacity = 0;
}

void sites_free(struct sites *sites) {
    forget_stacks(sites);
    if (sites->capacity)
        free(sites->items);
    *sites = (struct sites){0};
}
