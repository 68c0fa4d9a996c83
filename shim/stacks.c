/* stacks.c — the tree of stacks in the segment. Rules: stacks.h. */
#include "shim/stacks.h"

#include <string.h>

#include "shim/modules.h"
#include "shim/process.h"

#define RESERVE_GRANULE (UINT64_C(256) << 10)

static struct stack_key hash_frames(const struct frames *frames) {
    uint64_t low = UINT64_C(0x9ae16a3b2f90404f) + frames->truncated, high = UINT64_C(0xc949d7c7509e6557);
    for (uint32_t i = 0; i < frames->count; i++) {
        uint64_t pc = frames->pc[i];
        low = (low ^ pc) * UINT64_C(0x9e3779b97f4a7c15);
        low ^= low >> 29;
        high = (high + pc) * UINT64_C(0xd6e8feb86659fd93);
        high ^= high >> 32;
    }
    return (struct stack_key){low ? low : 1, high};
}

static uint32_t index_slot(uint32_t parent, uint64_t pc) {
    uint64_t h = (pc ^ (uint64_t)parent * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(h >> 32) & process->node_index_mask;
}

/* Writes a new node. 0: the table is full or the segment cannot grow. */
static uint32_t new_node(uint32_t parent, uint64_t pc) {
    struct segment_header *segment = process->segment;
    /* The table is never more full than half of the index, so that a probe always ends. */
    uint32_t id = process_claim(&segment->nodes, segment->nodes_capacity, 1, segment->nodes_offset,
                                &process->nodes_reserved, sizeof(struct node), RESERVE_GRANULE);
    if (id == CLAIM_NONE)
        return 0;
    struct node *node = &process->nodes[id];
    node->parent = parent;
    node->module =
        pc == NODE_PC_OMITTED ? MODULE_NONE : modules_index((pc & ~NODE_PC_EXACT) - !(pc & NODE_PC_EXACT));
    store_release(&node->pc, pc);
    return id;
}

static uint32_t child(uint32_t parent, uint64_t pc) {
    uint32_t fresh = 0;
    for (uint32_t slot = index_slot(parent, pc);; slot = (slot + 1) & process->node_index_mask) {
        uint32_t id = load_acquire(&process->node_index[slot]);
        if (!id) {
            if (!fresh && !(fresh = new_node(parent, pc)))
                return 0;
            if (__atomic_compare_exchange_n(&process->node_index[slot], &id, fresh, false, __ATOMIC_RELEASE,
                                            __ATOMIC_ACQUIRE))
                return fresh;
        }
        /* Lost a race for the slot: `id` is the winner's, perhaps for this very frame. */
        const struct node *node = &process->nodes[id];
        if (node->pc == pc && node->parent == parent && !modules_is_gone(node->module))
            return id;
    }
}

static NOINLINE uint32_t intern(const struct frames *frames) {
    uint32_t id = frames->truncated ? STACK_TRUNCATED : STACK_NONE;
    for (uint32_t i = frames->count; i-- > 0;) {
        id = child(id, frames->pc[i]);
        if (!id) {
            __atomic_fetch_add(&process->segment->truncated_nodes, 1, __ATOMIC_RELAXED);
            return STACK_NONE;
        }
    }
    return id;
}

uint32_t stacks_intern(struct stack_cache *cache, const struct frames *frames) {
    struct stack_key key = hash_frames(frames);
    struct stack_cache_entry *entry = &cache->entry[key.low >> (64 - STACK_CACHE_LOG2)];
    if (likely(entry->key.low == key.low && entry->key.high == key.high))
        return entry->stack;
    uint32_t stack = intern(frames);
    *entry = (struct stack_cache_entry){key, stack};
    return stack;
}

void stacks_forget(struct stack_cache *cache) {
    memset(cache, 0, sizeof *cache);
}
