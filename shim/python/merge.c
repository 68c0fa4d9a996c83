/* merge.c — merges native and Python frames. Rules: merge.h. */
#include "shim/python/merge.h"

#include "shim/nodes.h"
#include "shim/python/frames.h"
#include "shim/python/hooks.h"
#include "shim/python/interpreter.h"
#include "shim/stacks.h"

uint32_t python_stack(struct thread *t) {
    if (t != thread_self || python_call.paused)
        return STACK_NONE; /* a signal handler's; the interpreter is perhaps being unloaded */
    void *state = python.of_this_thread();
    if (!state)
        return STACK_NONE;
    if (unlikely(!python.is_initialized())) {
        /* At its end the interpreter frees the states of threads that still run, but for its own. */
        if (state != python.current())
            return STACK_NONE;
        python_noticed_start();
    }
    uint32_t node = python_frames_node(t, state);
    if (node)
        python_noticed_malloc(state);
    return node;
}

struct native {
    const struct thread *t;
    bool remembered;
    uint32_t count;
};

/* Innermost first. */
INLINE uint64_t native_pc(const struct native *n, uint32_t i) {
    if (n->remembered)
        return remembered_pc(&n->t->remembered, i);
    return n->t->frames.pc[i];
}

INLINE bool is_eval(uint64_t pc) {
    return pc - python.eval - 1 < python.eval_end - python.eval;
}

/* Calls of the interpreter on either side. */
static uint32_t count_evals(const struct native *n) {
    uint32_t evals = 0;
    for (uint32_t i = 0; i < n->count; i++)
        evals += is_eval(native_pc(n, i));
    return evals;
}

static uint32_t count_entries(uint32_t node) {
    uint32_t entries = 0;
    for (; node >= STACK_FIRST_NODE; node = nodes_parent(node))
        entries += process->nodes[node].pc & NODE_PYTHON_ENTRY ? 1 : 0;
    return node == STACK_TRUNCATED ? UINT32_MAX : entries;
}

/* Fills t->python->merged, innermost first; there is room for all, unless the tree was written over. */
static uint32_t interleave(const struct native *n, uint32_t node, uint64_t *out) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < n->count && count < PYTHON_MERGED; i++) {
        uint64_t pc = native_pc(n, i);
        if (!is_eval(pc)) {
            out[count++] = pc;
            continue;
        }
        bool is_entry = false;
        for (; node >= STACK_FIRST_NODE && !is_entry && count < PYTHON_MERGED; node = nodes_parent(node)) {
            out[count++] = process->nodes[node].pc;
            is_entry = (process->nodes[node].pc & NODE_PYTHON_ENTRY) != 0;
        }
    }
    return count;
}

static uint32_t append(const struct native *n, uint32_t node, uint64_t *out) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < n->count; i++) {
        uint64_t pc = native_pc(n, i) & ~NODE_PC_EXACT;
        if (pc - python.base < python.end - python.base && i > 0)
            break;
        out[count++] = native_pc(n, i);
    }
    for (; node >= STACK_FIRST_NODE && count < PYTHON_MERGED; node = nodes_parent(node))
        out[count++] = process->nodes[node].pc;
    return count;
}

static uint32_t root_of(uint32_t node) {
    while (node >= STACK_FIRST_NODE)
        node = nodes_parent(node);
    return node;
}

static NOINLINE uint32_t build(struct thread *t, const struct native *n, uint32_t python_node) {
    uint64_t *merged = t->python->merged;
    bool adds_up = (n->remembered || !t->frames.truncated) && count_evals(n) == count_entries(python_node);
    uint32_t count = adds_up ? interleave(n, python_node, merged) : append(n, python_node, merged);
    uint32_t node = root_of(python_node);
    while (count-- > 0 && (node = nodes_child(node, merged[count])))
        ;
    return node;
}

uint32_t python_merge(struct thread *t, bool remembered, uint32_t epoch, uint32_t python_node) {
    if (unlikely(remembered && remembered_is_deep(&t->remembered))) {
        remember_cut(&t->remembered, &t->frames);
        remembered = false;
    }
    struct native native = {t, remembered, remembered ? remembered_count(&t->remembered) : t->frames.count};
    struct stack_key key = remembered ? remembered_key(&t->remembered, key_seed(epoch, 0))
                                      : stacks_key_of_frames(&t->frames, epoch);
    key = key_extend(key, NODE_PC_PYTHON | python_node);
    uint32_t stack = stacks_known(&t->cache, key);
    if (unlikely(!stack)) {
        stack = build(t, &native, python_node);
        stacks_learn(&t->cache, key, stack);
    }
    return stack;
}
