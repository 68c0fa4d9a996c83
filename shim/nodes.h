/* nodes.h — the tree of stacks in the segment: a frame and the frame it was called from.
 *
 * Lock-free insertion, ids dense and rising: a parent's id is smaller than its children's. Most nodes have
 * one child, which is kept beside the node; the others are found by a hash index. The index grows by being
 * built anew beside the old one; what another thread inserts into the old one meanwhile is inserted once more
 * later, and two ids then stand for one stack, which is harmless: both have the same frames.
 */
#ifndef MEMTRACE_SHIM_NODES_H
#define MEMTRACE_SHIM_NODES_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/process.h"

/* The parent of a node, also where the program has written over it: no way outwards leads out of the tree or
 * in circles. */
INLINE uint32_t nodes_parent(uint32_t id) {
    uint32_t parent = load_relaxed(&process->nodes[id].parent);
    return likely(parent < id) ? parent : STACK_TRUNCATED;
}

/* The node of `pc` called from `parent`, made if need be. 0: the segment is full; counted. */
uint32_t nodes_child(uint32_t parent, uint64_t pc);

/* Private memory beside the segment's nodes; part of attaching. */
bool nodes_start(uint32_t capacity);
/* Gives back what is beside the nodes from `kept` on. */
void nodes_cut(uint32_t capacity, uint32_t kept);
/* What was written beside the nodes since a fork does not belong to the process that begins now: fork.h. */
void nodes_forget(void);

#endif
