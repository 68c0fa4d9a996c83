/* heap.h — the blocks of the heap: what an allocation and a free change in the counters of their process,
 * site, thread and size class.
 *
 * Almost all events are these two, so that they are inlined into the ledger's loop; what is rare is in
 * heap.c. A block is born when its event was read (`now_us`).
 */
#ifndef MEMTRACE_CORE_HEAP_H
#define MEMTRACE_CORE_HEAP_H

#include "daemon/native/core/classes.h"
#include "daemon/native/core/process.h"

/* Adds the site of a stack; SITE_NONE when it cannot be kept. */
uint32_t site_of_new(struct process *process, uint32_t stack, enum site_kind kind, uint32_t thread);
/* A block was there that should have been freed before. */
void heap_replaced(struct process *process, const struct change *change, const struct block *block);
/* Nothing lives where something was freed. */
void heap_unknown_free(struct process *process, const struct change *change);

/* The site of an event's stack; SITE_NONE when it cannot be kept. */
INLINE uint32_t site_of(struct process *process, const struct change *change, enum site_kind kind) {
    uint32_t site = sites_find(&process->sites, change->stack, kind);
    return likely(site != SITE_NONE) ? site : site_of_new(process, change->stack, kind, change->thread);
}

/* A block ceased to live. */
INLINE void heap_close(struct process *process, const struct block *block) {
    site_shrink(&process->sites.items[block->site], &process->sites.gauge[SITE_HEAP], block->size, 1);
    process->threads.items[block->thread].live_bytes -= block->size;
    struct size_record *class = &process->sizes[size_class(block->size)];
    class->live_blocks--;
    class->live_bytes -= block->size;
}

/* Counts a free: a call that was seen. A block may also cease to live because its free was lost. */
INLINE void heap_count_free(struct process *process, uint32_t thread) {
    process->threads.items[thread].frees++;
    process->record.frees++;
}

/* Counts an allocation in all totals. */
INLINE void heap_total(struct process *process, struct site *site, const struct change *change) {
    site_count(site, &process->sites.gauge[SITE_HEAP], change->size);
    struct thread_record *thread = &process->threads.items[change->thread];
    thread->allocations++;
    thread->total_bytes += change->size;
    struct size_record *class = &process->sizes[size_class(change->size)];
    class->total_blocks++;
    class->total_bytes += change->size;
    process->record.allocations++;
    process->record.truncated += site->truncated;
}

/* The same, at the site of its stack, which it returns; SITE_NONE when it cannot be kept. */
INLINE uint32_t heap_count(struct process *process, const struct change *change) {
    uint32_t index = site_of(process, change, SITE_HEAP);
    if (likely(index != SITE_NONE))
        heap_total(process, &process->sites.items[index], change);
    return index;
}

INLINE void heap_allocate(struct process *process, const struct change *change, struct spot spot,
                          uint64_t now_us) {
    uint32_t site = heap_count(process, change);
    if (unlikely(site == SITE_NONE))
        return;
    struct block block = {change->size, now_us, site, change->thread}, previous;
    int replaced = blocks_insert(&process->blocks, spot, change->address, &block, &previous);
    if (unlikely(replaced > 0))
        heap_replaced(process, change, &previous);
    if (unlikely(replaced < 0)) { /* no memory: it counts, but does not live */
        process->record.lost++;
        return;
    }
    site_grow(&process->sites.items[site], &process->sites.gauge[SITE_HEAP], change->size, 1);
    process->threads.items[change->thread].live_bytes += change->size;
    struct size_record *class = &process->sizes[size_class(change->size)];
    class->live_blocks++;
    class->live_bytes += change->size;
}

INLINE void heap_release(struct process *process, const struct change *change, struct spot spot) {
    struct block block;
    if (unlikely(!blocks_remove(&process->blocks, spot, change->address, &block))) {
        heap_unknown_free(process, change);
        return;
    }
    heap_count_free(process, change->thread);
    if (change->fresh && block.thread == change->thread) { /* not even that thread allocated since */
        process->sites.items[block.site].temporary_blocks++;
        process->threads.items[block.thread].temporary_blocks++;
        process->record.temporary_blocks++;
    }
    heap_close(process, &block);
}

/* Counts a small block that was made and freed at once, by the thread that made it, and no new peak: only
 * totals remain of it. */
INLINE void heap_pass(struct process *process, uint32_t index, const struct change *change) {
    struct site *site = &process->sites.items[index];
    struct thread_record *thread = &process->threads.items[change->thread];
    heap_total(process, site, change);
    site->temporary_blocks++;
    heap_count_free(process, change->thread);
    thread->temporary_blocks++;
    process->record.temporary_blocks++;
}

#endif
