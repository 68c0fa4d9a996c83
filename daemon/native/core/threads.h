/* threads.h — what each thread of a process did. One entry for each life of a ring (its `generation`). */
#ifndef MEMTRACE_CORE_THREADS_H
#define MEMTRACE_CORE_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/records.h"

#define THREADS_LIMIT 65536u /* threads after these share the last entry */

struct threads {
    struct thread_record *items;
    uint32_t *owner; /* the entry that speaks for this one: itself, or the thread a signal handler ran on */
    uint32_t count;
    uint32_t capacity;
    uint32_t owner_capacity;
};

/* Adds a thread and returns its index. `owner`: the index of the thread that it is part of, or UINT32_MAX. */
uint32_t threads_add(struct threads *threads, uint32_t tid, const uint8_t name[16], uint32_t owner);
/* Copies the entries that speak for themselves, with their parts added; at most `capacity`. */
uint32_t threads_records(const struct threads *threads, struct thread_record *out, uint32_t capacity);
void threads_seal(struct threads *threads);
void threads_free(struct threads *threads);

#endif
