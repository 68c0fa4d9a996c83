/* stacks.c — from a stack's key to its id. Rules: stacks.h. */
#include "shim/stacks.h"

#include <string.h>

#include "proto/segment.h"
#include "shim/nodes.h"
#include "shim/stack_table.h"

INLINE struct stack_cache_entry *entry_of(struct stack_cache *cache, struct stack_key key) {
    return &cache->entry[key_hash(key) >> (64 - STACK_CACHE_LOG2)];
}

INLINE bool is_entry_of(const struct stack_cache_entry *entry, struct stack_key key) {
    return entry->low == key.low && entry->high == (uint32_t)key.high && entry->stack;
}

/* A signal handler may leave for good in the middle: an entry must never pair one key with another's stack.
 */
static void remember_entry(struct stack_cache_entry *entry, struct stack_key key, uint32_t stack) {
    entry->stack = 0;
    signal_fence();
    entry->low = key.low;
    entry->high = (uint32_t)key.high;
    signal_fence();
    entry->stack = stack;
}

/* Looks up the nodes of the outermost frames whose node is not known yet; those inside a known one are never
 * known. Of a stack that is not deep: the node that a deep one has is no parent of another. */
static uint32_t node_of_frame(struct remembered *m, uint32_t count) {
    uint32_t n = count;
    while (n > 0 && !m->node[n - 1])
        n--;
    uint32_t node = n ? m->node[n - 1] : STACK_NONE;
    for (; n < count; n++) {
        node = nodes_child(node, remembered_frames(m)[n].pc);
        if (!node)
            return STACK_NONE;
        m->node[n] = node;
    }
    return node;
}

static uint32_t node_of_remembered(struct remembered *m) {
    if (!m->path)
        return node_of_frame(m, m->count);
    uint32_t node = node_of_frame(m, m->path->join + 1u);
    for (uint32_t i = m->path->frames; i-- > 0 && node;)
        node = nodes_child(node, remembered_pc(m, i));
    return node;
}

static uint32_t node_of_frames(const struct frames *frames) {
    uint32_t node = frames->truncated ? STACK_TRUNCATED : STACK_NONE;
    for (uint32_t i = frames->count; i-- > 0;) {
        node = nodes_child(node, frames->pc[i]);
        if (!node)
            return STACK_NONE;
    }
    return node;
}

static uint32_t node_of_deep(const struct remembered *m, struct frames *room) {
    remember_cut(m, room);
    return node_of_frames(room);
}

/* By the key of all frames, also where not all are told. */
static NOINLINE uint32_t find_remembered(struct stack_cache_entry *entry, struct remembered *m,
                                         struct stack_key key, struct frames *room) {
    uint32_t stack = stack_table_find(key);
    if (!stack) {
        stack = unlikely(remembered_is_deep(m)) ? node_of_deep(m, room) : node_of_remembered(m);
        stack_table_add(key, stack);
    }
    remember_entry(entry, key, stack);
    return stack;
}

uint32_t stacks_of_remembered(struct stack_cache *cache, struct remembered *m, struct frames *room) {
    if (unlikely(!m->count))
        return STACK_NONE;
    uint32_t *node = m->path ? &m->path->stack : &m->node[m->count - 1];
    if (*node)
        return *node; /* the program has only returned since that was looked up, if anything */
    struct stack_key key = m->path ? m->path->key : m->state[m->count - 1].key;
    struct stack_cache_entry *entry = entry_of(cache, key);
    return *node = likely(is_entry_of(entry, key)) ? entry->stack : find_remembered(entry, m, key, room);
}

struct stack_key stacks_key_of_frames(const struct frames *frames, uint32_t epoch) {
    struct stack_key key = key_seed(epoch, frames->truncated);
    for (uint32_t i = frames->count; i-- > 0;)
        key = key_extend(key, frames->pc[i]);
    return key;
}

uint32_t stacks_known(struct stack_cache *cache, struct stack_key key) {
    struct stack_cache_entry *entry = entry_of(cache, key);
    if (likely(is_entry_of(entry, key)))
        return entry->stack;
    uint32_t stack = stack_table_find(key);
    if (stack)
        remember_entry(entry, key, stack);
    return stack;
}

void stacks_learn(struct stack_cache *cache, struct stack_key key, uint32_t stack) {
    stack_table_add(key, stack);
    remember_entry(entry_of(cache, key), key, stack);
}

uint32_t stacks_of_frames(struct stack_cache *cache, const struct frames *frames, uint32_t epoch) {
    struct stack_key key = stacks_key_of_frames(frames, epoch);
    uint32_t stack = stacks_known(cache, key);
    if (!stack) {
        stack = node_of_frames(frames);
        stacks_learn(cache, key, stack);
    }
    return stack;
}

void stacks_forget(struct stack_cache *cache) {
    memset(cache, 0, sizeof *cache);
}
