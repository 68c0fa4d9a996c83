/* naming.h — the stack nodes of a process on their way to named stacks. What is the same for many nodes is
 * told to the daemon once:
 *
 *   take   node → place: a distinct instruction, of a module or of a Python code; some thousands
 *   name   place → its frames, numbers of the daemon's: a first one and how many follow it (none: left out)
 *   grow   node → that many stacks, each inside the one before, the first inside its parent's innermost
 *
 * Append-only. Takes 4 bytes a node and 44 to 52 a place. Owned by its process; made when first asked for.
 */
#ifndef MEMTRACE_CORE_NAMING_H
#define MEMTRACE_CORE_NAMING_H

#include "daemon/native/core/segment.h"

#define STACK_UNKNOWN (-1)

struct place {
    struct place_record record;
    struct place_frames frames;
    uint32_t waiting; /* nodes that were taken before it was named */
};

struct naming {
    struct place *places;
    uint32_t places_count;
    uint32_t places_capacity;
    uint32_t places_named; /* from 0 on */
    uint32_t *slots;       /* place + 1 by hash, open addressing; 0: free */
    uint32_t slots_count;  /* a power of 2, more than twice the places; 0: none yet */

    int32_t *of_node; /* by node: its stack, or STACK_UNKNOWN; its place as long as it has not grown */
    uint32_t of_node_capacity;
    uint32_t taken; /* nodes below have a place */
    uint32_t grown; /* nodes below have a stack */
    uint32_t due;   /* stacks that nodes whose places are named will grow to */
};

/* Takes the nodes that came since the last time, at most `most`, within segment_enter. Returns how many;
 * fewer also when there is no memory: they are taken later. */
uint32_t naming_take(struct naming *naming, struct segment *segment, uint32_t most);

/* The frames of the next `count` places that have none. */
void naming_name(struct naming *naming, const struct place_frames *frames, uint32_t count);

/* Fills in the next stacks, numbered from `first` on: the stack that each is in, or STACK_UNKNOWN, and its
 * frame. Those of a node come together or not at all. Within segment_enter. Returns how many, at most
 * `capacity`. */
uint32_t naming_grow(struct naming *naming, const struct segment *segment, int32_t first, int32_t *parent,
                     int32_t *frame, uint32_t capacity);

/* The stack of a node; STACK_UNKNOWN for one that has none (yet). */
int32_t naming_stack(const struct naming *naming, uint32_t node);

void naming_free(struct naming *naming);

#endif
