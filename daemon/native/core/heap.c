/* heap.c — the rare paths of heap.h. */
#define _GNU_SOURCE
#include "daemon/native/core/heap.h"

static_assert(THREADS_LIMIT - 1 <= UINT16_MAX, "a site has room for the index of a thread");

NOINLINE uint32_t site_of_new(struct process *process, uint32_t stack, enum site_kind kind, uint32_t thread) {
    if (stack >= STACK_FIRST_NODE && stack >= segment_nodes(&process->segment)) {
        process_corrupt(process);
        return SITE_NONE;
    }
    bool truncated = stack < STACK_FIRST_NODE || segment_stack_truncated(&process->segment, stack);
    uint32_t site = sites_add(&process->sites, stack, kind, thread, truncated);
    if (site == SITE_NONE)
        process->record.lost++;
    return site;
}

NOINLINE void heap_replaced(struct process *process, const struct change *change, const struct block *block) {
    heap_close(process, block);
    if (order_was_skipped(&process->order, change_counter(change)))
        strays_add(&process->strays, change->address, STRAY_CLOSED, change->thread);
}

NOINLINE void heap_unknown_free(struct process *process, const struct change *change) {
    if (process->record.origin == ORIGIN_FORK) {
        process->record.inherited_frees++;
        return;
    }
    process->record.unknown_frees++;
    if (order_was_skipped(&process->order, change_counter(change)))
        strays_add(&process->strays, change->address, STRAY_FREE, change->thread);
}
