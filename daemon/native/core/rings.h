/* rings.h — reads the event rings of a process (proto/segment.h), consumer side.
 *
 * Never trusts what it reads: an impossible value makes the process corrupt, and its rings are then only
 * emptied, so that the program never waits for a reader that has given up.
 */
#ifndef MEMTRACE_CORE_RINGS_H
#define MEMTRACE_CORE_RINGS_H

#include <stdbool.h>
#include <stdint.h>

struct process;

struct event;

/* A ring as a pass found it: slots are `events[n & mask]`, those before `head` are complete. */
struct ring_view {
    const struct event *events;
    uint32_t mask;
    uint64_t head;
};

struct ring_reader {
    struct ring_view view; /* of this pass */
    uint32_t next_moment;  /* where it waits for the others, when it does */
    bool waits;
    uint64_t slice;           /* how much to read before the other rings' turn */
    uint64_t released;        /* the tail that the producer knows */
    uint64_t tail;            /* events taken; ours, the one in the segment is only told */
    uint64_t last_allocation; /* address that the ring's last allocation returned */
    uint64_t last_python;     /* the same for the interpreter's own allocator */
    uint64_t drained_us;      /* when it was last seen empty */
    uint64_t lost_before;     /* ring.lost when its present thread took it over */
    uint64_t waits_before;
    uint32_t generation;
    uint32_t thread; /* index + 1 of its thread; 0: none yet */
};

struct rings {
    struct ring_reader *items;
    uint32_t capacity;
    uint32_t *busy; /* indexes of the rings that have something to read in this pass */
    uint32_t busy_capacity;
};

/* One round over all rings of all processes. */
struct pass {
    uint64_t now_us;
    uint32_t clock;    /* value of the session's clock since the round began */
    bool to_the_end;   /* the process is gone: read all there is */
    uint64_t events;   /* out: taken in this round */
    uint32_t fullness; /* out: the fullest ring that was met, in 1/256 of its size */
    bool rings_grow;   /* those that fill up: where a producer waits for room and does not drop */
};

/* Reads every ring of a process. Within segment_enter. */
void rings_read(struct process *process, struct pass *pass);
/* When the ring that was empty the longest ago was empty. */
uint64_t rings_all_drained_us(const struct process *process);
/* Sum of the events that rings had to drop. Within segment_enter. */
uint64_t rings_lost(const struct process *process);
/* Wakes every producer that waits for room. Within segment_enter. */
void rings_wake_all(const struct process *process);

#endif
