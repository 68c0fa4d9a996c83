/* threads.c — see threads.h. */
#define _GNU_SOURCE
#include "daemon/native/core/threads.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/native/core/memory.h"

uint32_t threads_add(struct threads *threads, uint32_t tid, const uint8_t name[16], uint32_t owner) {
    uint64_t needed = (uint64_t)threads->count + 1;
    if (needed > THREADS_LIMIT ||
        !array_reserve(&threads->items, &threads->capacity, needed, sizeof *threads->items) ||
        !array_reserve(&threads->owner, &threads->owner_capacity, needed, sizeof *threads->owner)) {
        if (!threads->count)
            return 0; /* never: the first entry is made with the process */
        threads->items[threads->count - 1].tid = 0;
        return threads->count - 1;
    }
    uint32_t index = threads->count++;
    threads->items[index] = (struct thread_record){.tid = tid};
    memcpy(threads->items[index].name, name, sizeof threads->items[index].name);
    threads->owner[index] = owner < index ? owner : index;
    return index;
}

static void add(struct thread_record *sum, const struct thread_record *part) {
    sum->allocations += part->allocations;
    sum->frees += part->frees;
    sum->live_bytes += part->live_bytes;
    sum->total_bytes += part->total_bytes;
    sum->temporary_blocks += part->temporary_blocks;
    sum->lost += part->lost;
    sum->waits += part->waits;
}

uint32_t threads_records(const struct threads *threads, struct thread_record *out, uint32_t capacity) {
    uint32_t *place = calloc(threads->count ? threads->count : 1, sizeof *place);
    if (!place)
        return 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < threads->count; i++) {
        if (threads->owner[i] != i) { /* an owner comes before its parts */
            uint32_t at = place[threads->owner[i]];
            if (at < count)
                add(&out[at], &threads->items[i]);
            continue;
        }
        place[i] = count;
        if (count < capacity)
            out[count++] = threads->items[i];
        else
            place[i] = UINT32_MAX;
    }
    free(place);
    return count;
}

void threads_seal(struct threads *threads) {
    array_shrink(&threads->items, &threads->capacity, threads->count, sizeof *threads->items);
    array_shrink(&threads->owner, &threads->owner_capacity, threads->count, sizeof *threads->owner);
}

void threads_free(struct threads *threads) {
    free(threads->items);
    free(threads->owner);
    *threads = (struct threads){0};
}
