/* writer.h — plays the shim: writes segments, rings and announcements as the contracts of proto/ say.
 *
 * Events are first queued for a ring with their tickets drawn, then published in whatever portions and order
 * a test likes. Runs in the test's own process, together with the core. Failures end the test.
 */
#ifndef MEMTRACE_TEST_WRITER_H
#define MEMTRACE_TEST_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/native/core/core.h"
#include "proto/records.h"
#include "proto/segment.h"
#include "proto/session.h"

#define CHECK(condition, ...)                                                                                \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: not true: %s: ", __FILE__, __LINE__, #condition);                        \
            fprintf(stderr, __VA_ARGS__);                                                                    \
            fputc('\n', stderr);                                                                             \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)
#define CHECK_EQUAL(actual, expected, what)                                                                  \
    CHECK((uint64_t)(actual) == (uint64_t)(expected), "%s is %llu, should be %llu", what,                    \
          (unsigned long long)(actual), (unsigned long long)(expected))

/* daemon/native/core/export.h */
struct core *core_create(const char *directory, uint32_t on_full, char *why, uint32_t why_bytes);
double core_drain(struct core *core, uint32_t ms);
void core_stop(struct core *core);
void core_close(struct core *core);
void core_hold(struct core *core);
void core_release(struct core *core);
uint32_t core_change_count(struct core *core);
uint32_t core_changes(struct core *core, struct process_record *out, uint32_t capacity);
uint32_t core_sites(struct core *core, uint32_t index, uint32_t *node, uint8_t *kind, double *counters,
                    uint32_t capacity, struct process_record *record);
uint32_t core_modules(struct core *core, uint32_t index, uint32_t from, struct module_record *out,
                      uint32_t capacity);
uint32_t core_threads(struct core *core, uint32_t index, struct thread_record *out, uint32_t capacity);
uint32_t core_sizes(struct core *core, uint32_t index, struct size_record *out, uint32_t capacity);
uint32_t core_blocks(struct core *core, uint32_t index, struct block_record *out, uint32_t capacity);
uint32_t core_largest(struct core *core, uint32_t index, struct block_record *out);
uint32_t core_holdings(struct core *core, uint32_t index, const uint8_t *chosen, uint32_t chosen_count,
                       struct holding_record *out, uint32_t capacity);
uint32_t core_info(struct core *core, uint32_t index, uint8_t *out, uint32_t *command_bytes);

static inline uint64_t holding_bytes(const struct holding_record *record) {
    return record->bytes_and_classes & HOLDING_BYTES_MASK;
}
static inline uint32_t holding_age(const struct holding_record *record) {
    return record->bytes_and_classes >> HOLDING_AGE_SHIFT & 255;
}
static inline uint32_t holding_size(const struct holding_record *record) {
    return (uint32_t)(record->bytes_and_classes >> HOLDING_SIZE_SHIFT);
}

/* ---- randomness: the same for the same seed ---- */
static inline uint32_t pick(uint64_t *seed, uint32_t below) {
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mix64(*seed) % below);
}

/* ---- a session in a directory of its own ---- */
struct stage {
    char directory[64];
    struct core *core;
};
void stage_open(struct stage *stage);
void stage_close(struct stage *stage);
/* One round of the core. */
uint64_t stage_pass(struct stage *stage);
/* Rounds until nothing comes any more. */
void stage_settle(struct stage *stage);
/* Record of a process, found anew. */
struct process_record stage_record(struct stage *stage, uint32_t index);
/* Its sites. */
uint32_t sites_of(struct core *core, uint32_t index, struct site_record *out, uint32_t capacity);
uint64_t resident_bytes(void);
/* A child that does nothing until it is killed; and its end, reaped. */
int child_start(void);
void child_kill(int pid);
/* The pid of a process that has ended. */
int dead_pid(void);

/* ---- one traced process ---- */
struct slot {
    struct event event;
    uint32_t after; /* events of the first ring that were published before this one was thought of */
    bool takeover;  /* no event: here another thread takes the ring over */
};

struct writer_ring {
    struct ring *ring;
    struct event *events;
    struct slot *queue;
    uint32_t queued;
    uint32_t capacity;
    uint32_t published;
    uint32_t clock; /* of the session, as last told */
};

struct writer {
    struct stage *stage;
    uint32_t ticket;
    uint32_t pid; /* the file may be damaged */
    uint32_t parent_pid;
    uint8_t *base;
    size_t bytes;
    struct segment_header *header;
    struct node *nodes;
    struct writer_ring *rings;
    uint32_t rings_count;
    uint32_t *order;   /* next ticket of each counter */
    bool ordered;      /* there is a second ring: all events get tickets (EVENT_IN_ORDER) */
    uint32_t in_order; /* up to where the first ring has events without one */
};

struct writer_options {
    int pid;
    int parent_pid;
    uint32_t rings;
    uint32_t ring_events; /* size of each */
    uint32_t nodes;       /* complete stacks of one frame, ids from STACK_FIRST_NODE on */
    uint32_t nodes_capacity;
    uint32_t parent_ticket; /* not 0: forked */
    uint64_t fork_serial;
};

void writer_open(struct writer *writer, struct stage *stage, const struct writer_options *options);
void writer_announce(struct writer *writer);
void writer_close(struct writer *writer);

uint32_t writer_draw(struct writer *writer, uint32_t counter);
/* A ticket for an event that its thread publishes before anyone can know; ORDER_NONE where it needs none. */
uint32_t writer_draw_if_needed(struct writer *writer, uint64_t address);
void writer_queue(struct writer *writer, uint32_t ring, struct event event);
void writer_queue_takeover(struct writer *writer, uint32_t ring);
/* Draw and queue. */
void writer_alloc(struct writer *writer, uint32_t ring, uint64_t address, uint64_t size, uint32_t stack);
void writer_alloc_with(struct writer *writer, uint32_t ring, uint64_t address, uint64_t size, uint32_t stack,
                       uint32_t order);
void writer_free(struct writer *writer, uint32_t ring, uint64_t address);
void writer_map(struct writer *writer, uint32_t ring, uint64_t address, uint64_t bytes, uint32_t stack);
void writer_unmap(struct writer *writer, uint32_t ring, uint64_t address, uint64_t bytes);
/* Publishes at most `most` queued events of a ring, as many as there is room for; returns how many. */
uint32_t writer_publish(struct writer *writer, uint32_t ring, uint32_t most);
/* Publishes everything, with the core reading meanwhile. */
void writer_flush(struct writer *writer);

#endif
