/* walk.c — see walk.h. */
#define _GNU_SOURCE
#include "daemon/native/core/walk.h"

#include <stdlib.h>
#include <unistd.h>

#define PAUSE_MOST_US 50000u

/* The process, with `state` held, while it runs. NULL, with nothing held, once it does not. */
static struct process *hold(struct core *core, uint32_t index) {
    core_lock(core);
    if (index < core->count && core->processes[index]->record.state == PROCESS_RUNNING)
        return core->processes[index];
    core_unlock(core);
    return NULL;
}

/* Lets go for as long as it was held: a mutex alone goes back to whoever asks first. */
static void let_drain(struct core *core, uint64_t since_us) {
    uint64_t held_us = monotonic_us() - since_us;
    core_unlock(core);
    usleep((useconds_t)(held_us < PAUSE_MOST_US ? held_us : PAUSE_MOST_US));
}

/* `keys` are of the process's heap, or of its Python blocks. */
static bool walk_regions(struct core *core, uint32_t index, const uint64_t *keys, uint32_t count, bool python,
                         struct holdings *holdings) {
    for (uint32_t i = 0; i < count; i++) {
        struct process *process = hold(core, index);
        if (!process)
            return false;
        uint64_t since_us = monotonic_us();
        blocks_each_of_region(python ? &process->python_blocks : &process->blocks, keys[i], holdings_visit,
                              holdings);
        let_drain(core, since_us);
    }
    return true;
}

bool walk_holdings(struct core *core, uint32_t index, struct holdings *holdings) {
    struct process *process = hold(core, index);
    if (!process)
        return false;
    uint64_t since_us = monotonic_us();
    holdings->now_us = since_us;
    uint32_t heap_count = process->blocks.regions_count, python_count = process->python_blocks.regions_count;
    uint64_t *keys = malloc(((size_t)heap_count + python_count + 1) * sizeof *keys);
    if (keys) {
        blocks_region_keys(&process->blocks, keys);
        blocks_region_keys(&process->python_blocks, keys + heap_count);
        blocks_each_spilled(&process->blocks, holdings_visit, holdings);
        blocks_each_spilled(&process->python_blocks, holdings_visit, holdings);
        holdings_of_maps(holdings, &process->maps);
    } else {
        holdings->failed = true;
    }
    let_drain(core, since_us);
    bool runs = !keys || (walk_regions(core, index, keys, heap_count, false, holdings) &&
                          walk_regions(core, index, keys + heap_count, python_count, true, holdings));
    free(keys);
    return runs;
}
