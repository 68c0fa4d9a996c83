/* stacks.h — turns the frames of a stack into one number, the same for the same stack.
 *
 * The segment holds a tree of nodes {pc, parent}, root first; a stack is the id of its innermost node.
 * Insertion is lock-free; ids are dense. Each thread remembers its recent stacks by a 128-bit hash of their
 * pcs, so that a repeated stack costs one look-up and never touches the tree.
 */
#ifndef MEMTRACE_SHIM_STACKS_H
#define MEMTRACE_SHIM_STACKS_H

#include <stdint.h>

#include "shim/unwind/walk.h"

#define STACK_CACHE_LOG2 12

/* Two stacks count as the same when both halves agree: 2^-128, not 2^-64, is what "never" means here. */
struct stack_key {
    uint64_t low;
    uint64_t high;
};

struct stack_cache {
    struct stack_cache_entry {
        struct stack_key key;
        uint32_t stack;
    } entry[1u << STACK_CACHE_LOG2];
};

/* The id of these frames. STACK_NONE: the table is full, counted in the segment. */
uint32_t stacks_intern(struct stack_cache *cache, const struct frames *frames);
void stacks_forget(struct stack_cache *cache);

#endif
