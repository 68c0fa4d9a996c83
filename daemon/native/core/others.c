/* others.c — see others.h. */
#define _GNU_SOURCE
#include "daemon/native/core/others.h"

#include "daemon/native/core/heap.h"

/* Blocks of the interpreter's own allocator: a kind of their own, in no heap total. */
static void python_allocate(struct process *process, const struct change *change, uint64_t now_us) {
    uint32_t site = site_of(process, change, SITE_PYTHON);
    if (unlikely(site == SITE_NONE))
        return;
    process->record.python_allocations++;
    process->record.truncated += process->sites.items[site].truncated;
    sites_count(&process->sites, site, change->size);
    struct block block = {change->size, now_us, site, change->thread}, previous;
    struct spot spot = blocks_spot(&process->python_blocks, change->address);
    int replaced = blocks_insert(&process->python_blocks, spot, change->address, &block, &previous);
    if (unlikely(replaced > 0))
        sites_shrink(&process->sites, previous.site, previous.size, 1);
    if (likely(replaced >= 0))
        sites_grow(&process->sites, site, change->size, 1);
    else
        process->record.lost++;
}

static void python_release(struct process *process, const struct change *change) {
    struct block block;
    struct spot spot = blocks_spot(&process->python_blocks, change->address);
    if (!blocks_remove(&process->python_blocks, spot, change->address, &block))
        return; /* the heap's: its free is an event of its own */
    if (change->fresh && block.thread == change->thread)
        process->sites.items[block.site].temporary_blocks++;
    sites_shrink(&process->sites, block.site, block.size, 1);
}

/* A block ends at one stack and begins at another; what is not known here is the heap's. */
static void python_reuse(struct process *process, const struct change *change, uint64_t now_us) {
    struct block block;
    struct spot spot = blocks_spot(&process->python_blocks, change->address);
    if (!blocks_remove(&process->python_blocks, spot, change->address, &block))
        return;
    sites_shrink(&process->sites, block.site, block.size, 1);
    struct change made = *change;
    made.size = block.size;
    python_allocate(process, &made, now_us);
}

static void apply_python(struct process *process, const struct change *change, uint64_t now_us) {
    switch (change->python) {
    case EVENT_PYTHON_ALLOC:
        python_allocate(process, change, now_us);
        break;
    case EVENT_PYTHON_FREE:
    case EVENT_PYTHON_RELEASE:
        python_release(process, change);
        break;
    case EVENT_PYTHON_REUSED:
        python_reuse(process, change, now_us);
        break;
    default: /* a call that failed */
        break;
    }
}

static void unmap(struct process *process, uint64_t start, uint64_t end) {
    struct map_cut cut;
    while (maps_remove(&process->maps, start, end, &cut)) {
        uint32_t pieces_gone = cut.pieces < 0 ? 1 : 0;
        sites_shrink(&process->sites, cut.site, cut.bytes, pieces_gone);
        if (cut.pieces > 0)
            sites_grow(&process->sites, cut.site, 0, 1);
    }
}

static void map(struct process *process, const struct change *change, uint64_t now_us) {
    uint64_t end = change->address + change->size;
    unmap(process, change->address, end); /* MAP_FIXED replaces what was there */
    uint32_t site = site_of(process, change, SITE_MMAP);
    if (site == SITE_NONE)
        return;
    process->record.maps++;
    sites_count(&process->sites, site, change->size);
    if (!change->size)
        return;
    if (maps_add(&process->maps, change->address, end, site, now_us))
        sites_grow(&process->sites, site, change->size, 1);
    else
        process->record.lost++;
}

void others_apply(struct process *process, const struct change *change, uint64_t now_us) {
    switch (change->type) {
    case EVENT_MAP:
        map(process, change, now_us);
        break;
    case EVENT_UNMAP:
        if (!change->size) /* a munmap that failed */
            break;
        process->record.unmaps++;
        unmap(process, change->address, change->address + change->size);
        break;
    default: /* EVENT_CANCEL: nothing happened to the heap */
        apply_python(process, change, now_us);
    }
}
