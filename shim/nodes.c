/* nodes.c — the tree of stacks. Rules: nodes.h. */
#include "shim/nodes.h"

#include "shim/areas.h"
#include "shim/growth.h"
#include "shim/modules.h"
#include "shim/platform/os.h"

#define RESERVE_AHEAD (UINT64_C(256) << 10)
#define INDEX_START   (UINT32_C(1) << 12)

/* In front of its slots in one private mapping. */
struct node_index {
    uint32_t mask;
    uint32_t used; /* slots taken, about */
    uint32_t slot[];
};

/* These survive a fork. */
static struct process_range first_children, indexes;

static uint64_t index_bytes(uint32_t slots) {
    return sizeof(struct node_index) + (uint64_t)slots * sizeof(uint32_t);
}

static struct node_index *index_create(uint32_t slots) {
    struct node_index *index = os_map_private(index_bytes(slots));
    if (index)
        index->mask = slots - 1;
    return index;
}

static struct node_index *index_inherit(void) {
    struct node_index *index = process_inherit(&indexes, index_bytes(INDEX_START));
    if (index)
        index->mask = (uint32_t)((indexes.bytes - sizeof *index) / sizeof(uint32_t)) - 1;
    return index;
}

bool nodes_start(uint32_t capacity) {
    process->first_child = process_inherit(&first_children, (uint64_t)capacity * sizeof(uint32_t));
    process->node_index = index_inherit();
    return process->first_child && process->node_index;
}

void nodes_cut(uint32_t capacity, uint32_t kept) {
    if (kept >= capacity)
        return;
    process_bequeath(&first_children, process->first_child, (uint64_t)kept * sizeof(uint32_t));
    os_unmap(process->first_child + kept, (uint64_t)(capacity - kept) * sizeof(uint32_t));
}

void nodes_forget(void) {
    os_discard(first_children.base, first_children.bytes);
    os_discard(indexes.base, indexes.bytes);
}

INLINE uint32_t first_slot(uint32_t mask, uint32_t parent, uint64_t pc) {
    uint64_t h = (pc ^ (uint64_t)parent * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(h >> 32) & mask;
}

INLINE bool is_child(uint32_t id, uint32_t parent, uint64_t pc) {
    const struct node *node = &process->nodes[id];
    return node->pc == pc && node->parent == parent && !modules_is_gone(node->module);
}

static uint32_t module_of(uint64_t pc) {
    if (pc & NODE_PC_PYTHON)
        return MODULE_PYTHON;
    if (pc == NODE_PC_OMITTED || pc == NODE_PC_PYTHON_ARENA)
        return MODULE_NONE;
    return modules_index((pc & ~NODE_PC_EXACT) - !(pc & NODE_PC_EXACT));
}

static uint32_t new_node(uint32_t parent, uint64_t pc) {
    struct segment_header *segment = process->segment;
    struct segment_header *own = &process->own;
    uint32_t id = areas_claim(&own->nodes, own->nodes_capacity, 1, own->nodes_offset,
                              &process->nodes_reserved, sizeof(struct node), RESERVE_AHEAD);
    if (id == CLAIM_NONE) {
        __atomic_fetch_add(&segment->truncated_nodes, 1, __ATOMIC_RELAXED);
        return 0;
    }
    struct node *node = &process->nodes[id];
    node->parent = parent;
    node->module = module_of(pc);
    store_release(&node->pc, pc);
    return id;
}

/* At least four times as large, filled from the nodes themselves. One thread at a time; the others go on with
 * the old. A thread that slept since it read `old` may come when that has been replaced. */
static void index_grow(struct node_index *old) {
    uint64_t signals;
    if (!growth_begin(&process->nodes_growing, &signals))
        return;
    uint32_t count = load_acquire(&process->own.nodes), slots = (old->mask + 1) * 4;
    while (slots / 2 < count)
        slots *= 2;
    bool current = load_acquire(&process->node_index) == old;
    struct node_index *larger = current ? index_create(slots) : NULL;
    if (larger) {
        for (uint32_t id = STACK_FIRST_NODE; id < count; id++) {
            uint64_t pc = load_acquire(&process->nodes[id].pc);
            uint32_t parent = nodes_parent(id);
            if (!pc || load_relaxed(&process->first_child[parent]) == id)
                continue;
            uint32_t at = first_slot(slots - 1, parent, pc);
            while (larger->slot[at])
                at = (at + 1) & (slots - 1);
            larger->slot[at] = id;
            larger->used++;
        }
        store_release(&process->node_index, larger);
        process_bequeath(&indexes, larger, index_bytes(slots));
        os_discard(old->slot, (uint64_t)(old->mask + 1) * sizeof(uint32_t));
    }
    growth_end(&process->nodes_growing, signals);
}

static struct node_index *current_index(void) {
    struct node_index *index = load_acquire(&process->node_index);
    if (likely(load_relaxed(&index->used) <= index->mask / 4 * 3))
        return index;
    growth_await(&process->nodes_growing);
    return load_acquire(&process->node_index);
}

static NOINLINE uint32_t find_or_insert(uint32_t parent, uint64_t pc) {
    struct node_index *index = current_index();
    uint32_t fresh = 0;
    for (uint32_t probes = 0, at = first_slot(index->mask, parent, pc); probes <= index->mask;
         probes++, at = (at + 1) & index->mask) {
        uint32_t id = load_acquire(&index->slot[at]);
        if (!id) {
            if (!fresh && !(fresh = new_node(parent, pc)))
                return 0;
            if (__atomic_compare_exchange_n(&index->slot[at], &id, fresh, false, __ATOMIC_RELEASE,
                                            __ATOMIC_ACQUIRE)) {
                if (__atomic_add_fetch(&index->used, 1, __ATOMIC_RELAXED) > index->mask / 2)
                    index_grow(index);
                return fresh;
            }
        }
        if (is_child(id, parent, pc)) /* after a lost race: perhaps the winner's is this very frame */
            return id;
    }
    return fresh ? fresh
                 : new_node(parent, pc); /* an index that could not grow: the node is known to nobody */
}

uint32_t nodes_child(uint32_t parent, uint64_t pc) {
    uint32_t *first = &process->first_child[parent];
    uint32_t id = load_acquire(first);
    if (likely(id)) {
        if (likely(is_child(id, parent, pc)))
            return id;
        return find_or_insert(parent, pc);
    }
    uint32_t fresh = new_node(parent, pc);
    if (!fresh || __atomic_compare_exchange_n(first, &id, fresh, false, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE))
        return fresh;
    return is_child(id, parent, pc) ? id : find_or_insert(parent, pc);
}
