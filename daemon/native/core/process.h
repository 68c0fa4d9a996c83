/* process.h — one process image: its segment while it lives, and all that is known of it.
 *
 * Owned by the core (state mutex). Life: created from a registry entry, drained until its process is gone and
 * its rings are empty, then sealed: only what can still be asked for is kept.
 */
#ifndef MEMTRACE_CORE_PROCESS_H
#define MEMTRACE_CORE_PROCESS_H

#include "daemon/native/core/blocks.h"
#include "daemon/native/core/maps.h"
#include "daemon/native/core/naming.h"
#include "daemon/native/core/order.h"
#include "daemon/native/core/rings.h"
#include "daemon/native/core/segment.h"
#include "daemon/native/core/sites.h"
#include "daemon/native/core/strays.h"
#include "daemon/native/core/threads.h"
#include "proto/session.h"

/* What a process held when it forked, until the child asks for it. */
struct fork_point {
    uint64_t serial;
    uint64_t blocks;
    uint64_t bytes;
};

struct process {
    struct process_record record; /* what is not kept elsewhere; see process_fill_record */
    uint64_t pid_namespace;       /* in which own_pid is counted */
    char *path;                   /* executable of an untraced image, else NULL */
    struct segment segment;

    /* only while it runs */
    struct order order;
    struct owners owners;
    struct blocks blocks;
    struct blocks python_blocks; /* an address may be a heap block and, in it, a Python block */
    struct maps maps;
    struct strays strays;
    struct rings rings;
    bool ordered;       /* the rings can be read side by side: see EVENT_IN_ORDER */
    uint32_t moment;    /* of the program: what came before it has been read, see CONTROL_MOMENT */
    int pidfd;          /* -1: none */
    bool gone;          /* its process does not run any more */
    bool exec_expected; /* announced that it is about to become an untraced image */
    bool in_reports;
    bool inherits;      /* waits for what its parent held at the fork */
    uint32_t peak_seen; /* epoch of the heap gauge when peak_ns was taken */

    struct sites sites;
    struct naming naming;
    struct threads threads;
    struct size_record *sizes; /* SIZE_CLASSES, fewer once sealed */
    uint32_t sizes_count;
    const struct block_record *largest; /* once it has ended: what lived then */
    uint32_t largest_count;
    const struct holding_record *holdings; /* once it has ended: what lived then, by age and size */
    uint32_t holdings_count;
    struct fork_point *forks;
    uint32_t forks_count;
    uint32_t forks_capacity;
};

/* Makes a process of a registry entry, which has been checked. NULL where there is no memory or no descriptor
 * for it; when this is the last try, one whose segment could not be had is PROCESS_UNREAD instead. */
struct process *process_create(uint32_t index, const struct registry_entry *entry, int directory, bool last);

/* Its segment held impossible values: nothing more is believed. */
void process_corrupt(struct process *process);
/* Tells the process that nobody reads its segment any more, so that it does not wait for that. Within
 * segment_enter. */
void process_abandon(struct process *process);
static inline bool process_is_corrupt(const struct process *process) {
    return unlikely(process->record.flags & PROCESS_CORRUPT);
}

/* No more events will come: settles what is still waiting, puts the results into the archive, frees all else
 * and removes the segment file. */
void process_end(struct process *process, struct archive *archive, int directory);

/* Remembers what it holds now under the serial of a fork. */
void process_forked(struct process *process, uint64_t serial);
/* Gives what was remembered; false when the serial is not known (yet). */
bool process_take_fork(struct process *process, uint64_t serial, struct fork_point *point);

void process_fill_record(struct process *process, struct process_record *record);
void process_free(struct process *process);

/* Does the process that this image belongs to still run? Opens the pidfd when it can, and finds out its pid
 * here, where `own_namespace` is, when another one counted it. */
bool process_watch(struct process *process, uint64_t own_namespace);
/* Are both images of one process? */
bool process_is_same(const struct process *a, const struct process *b);
bool process_runs(const struct process *process);

#endif
