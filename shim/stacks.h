/* stacks.h — turns the frames of a stack into one number, the same for the same stack.
 *
 * The segment holds a tree of nodes {pc, parent}, root first; a stack is the id of its innermost node
 * (nodes.h). The tree is only touched for a new stack: a known one is found by its 128-bit key, first among
 * the calling thread's recent ones, then in a table of the process (stack_table.h).
 */
#ifndef MEMTRACE_SHIM_STACKS_H
#define MEMTRACE_SHIM_STACKS_H

#include <stdint.h>

#include "shim/unwind/remember.h"
#include "shim/unwind/walk.h"

#define STACK_CACHE_LOG2 12

/* A thread's recent stacks, direct-mapped. An entry has 96 bits of its key, and its place has some of the
 * others. */
struct stack_cache {
    _Alignas(64) struct stack_cache_entry {
        uint64_t low;
        uint32_t high;
        uint32_t stack;
    } entry[1u << STACK_CACHE_LOG2];
};

/* The id of the remembered stack; `room` is for the frames of a deep one. STACK_NONE: the table of nodes is
 * full, counted in the segment. */
uint32_t stacks_of_remembered(struct stack_cache *cache, struct remembered *m, struct frames *room);
/* The id of a stack that was walked afresh. */
uint32_t stacks_of_frames(struct stack_cache *cache, const struct frames *frames, uint32_t epoch);

/* For stacks put together elsewhere: the key of frames, and its stack where it is known. */
struct stack_key stacks_key_of_frames(const struct frames *frames, uint32_t epoch);
uint32_t stacks_known(struct stack_cache *cache, struct stack_key key);
void stacks_learn(struct stack_cache *cache, struct stack_key key, uint32_t stack);

void stacks_forget(struct stack_cache *cache);

#endif
