/* process.h — this process image's place in the session: its state, its segment, its order counters.
 *
 * All of it lives in wipe-on-fork memory: in a forked child, however it was forked, the state reads
 * PROCESS_NEW and the child attaches as an image of its own at its first traced call. A vfork child shares
 * the memory and counts as its parent. Owned by process.c; others read, and draw order tickets.
 */
#ifndef MEMTRACE_SHIM_PROCESS_H
#define MEMTRACE_SHIM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/segment.h"
#include "proto/session.h"
#include "shim/platform/arch.h"
#include "shim/platform/os.h"
#include "shim/util.h"

enum process_phase {
    PROCESS_NEW = 0,
    PROCESS_STARTING,
    PROCESS_TRACED,
    PROCESS_OFF,
    PROCESS_INSIDE,  /* a child in the middle of a hook of its parent's: fork.h */
    PROCESS_EXCLUDED /* by the user: as off, but what it starts may be traced */
};

struct codes;
struct node_index;
struct stack_table;
struct thread;

struct process {
    uint32_t phase;  /* enum process_phase */
    uint32_t epoch;  /* bumped when modules are unloaded: what was remembered of addresses is void */
    uint32_t moment; /* see CONTROL_MOMENT */
    /* 1: there is a second ring, so that all events have tickets. Set before that ring is used, never unset;
     * why that is enough: proto/event.h. */
    uint32_t ordered;
    uint32_t pid;
    uint32_t ticket;
    uint32_t announced_clock; /* of the session, when this image was announced */
    uint64_t announced_ms;

    const struct control *control;
    struct registry_header *registry;

    /* The segment, with the events of the first `rings_mapped` rings: all, unless memory is limited.
     */
    uint8_t *base;
    uint64_t mapped_bytes;
    uint32_t rings_mapped;
    uint32_t rings_busy; /* how many have more than their first size */
    struct segment_header *segment;
    struct segment_header
        own; /* layout and counts: those in the segment can be overwritten by a wild pointer */
    struct module *modules;
    char *strings;
    struct ring *rings;
    struct node *nodes;
    /* Private to nodes.c and stack_table.c. */
    uint32_t *first_child;
    struct node_index *node_index;
    struct stack_table *stack_table;
    uint32_t nodes_growing; /* growth.h */
    uint32_t stack_table_growing;
    uint32_t python_looking; /* 1 while a thread takes up an interpreter */
    /* Private to python/codes.c. */
    uint8_t *python_codes;
    struct codes *codes;

    /* How much of each area the system has given, in bytes from its start. */
    uint64_t modules_reserved;
    uint64_t strings_reserved;
    uint64_t rings_reserved;
    uint64_t nodes_reserved;
    uint64_t python_codes_reserved;

    /* What stands before is carried over a fork in the middle of a hook: fork.h. */
    struct thread *threads[RINGS_CAPACITY];    /* by ring */
    uint64_t spare_rings[RINGS_CAPACITY / 64]; /* bits: those that were claimed, but had no room */
    uint32_t order[ORDER_COUNTERS];

    /* While it attaches: the program's stack may be a small one. */
    char executable[1024];
    char text[1024];
};

/* Never NULL once process_start has run; its contents may be wiped by a fork. */
extern struct process *process;

/* Attaches if this image is new. False: this process is not traced (any more). Slow; never from a hot path.
 */
bool process_start(void);

/* Lets go for good: every hook passes its call through from now on. */
void process_detach(enum detach_reason reason);

/* Private memory of os_map_private that outlives a fork, where it is zero: a child uses its parent's again,
 * or each generation would have the mappings of all before it. To be kept in memory that is not wiped. */
struct process_range {
    void *base;
    uint64_t bytes; /* 0: there is none, whatever `base` says */
};
/* In a process that begins: at least `bytes`, from the parent if it has them. NULL: no memory. */
void *process_inherit(struct process_range *range, uint64_t bytes);
/* For the children to come, in place of what was there. A fork may come at any instruction. */
INLINE void process_bequeath(struct process_range *range, void *base, uint64_t bytes) {
    store_release(&range->bytes, 0);
    store_release(&range->base, base);
    store_release(&range->bytes, bytes);
}

/* Whatever this process starts runs without the shim, too. */
bool process_is_over(void);

/* Remembers in the parent which fork of this thread a child comes from; returns the serial to publish as
 * CONTROL_FORK. */
uint64_t process_fork_serial(void);
/* That fork is over, or could not be published: a child that comes now (by a bare system call) has no serial.
 */
void process_forget_fork(void);

void process_exit_code(int code);

/* Draws the next ticket of a counter (proto/event.h). */
INLINE uint32_t process_draw(uint32_t *order, uint32_t counter) {
    if (likely(os_is_single_threaded()))
        return arch_count_alone(&order[counter]) & ORDER_MASK;
    return __atomic_fetch_add(&order[counter], 1, __ATOMIC_RELAXED) & ORDER_MASK;
}

#endif
