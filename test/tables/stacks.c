/* stacks.c — many threads look up and insert the same stacks at once, while the tables grow: each must get an
 * id that leads back to its own frames, and a stack that was known stays known.
 *
 * usage: stacks SEED THREADS STEPS, a step being a stack
 */
#include <sys/wait.h>
#include <unistd.h>

#include "shim/nodes.h"
#include "shim/process.h"
#include "shim/stack_table.h"
#include "test/tables/process.h"
#include "test/tables/together.h"

#define DEPTH_MOST 40
#define CALLEES    3 /* of each function: stacks share most of their outer frames */

static struct plan plan;

struct stack {
    uint32_t depth;
    uint64_t pc[DEPTH_MOST]; /* root first */
};

/* The same for the same number. */
static struct stack stack_of(uint32_t number) {
    uint64_t state = (number + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ plan.seed;
    struct stack stack = {.depth = 1 + (uint32_t)(next_random(&state) % DEPTH_MOST)};
    for (uint32_t i = 0; i < stack.depth; i++)
        stack.pc[i] = 0x1000 * (i + 1) + 16 * (next_random(&state) % CALLEES);
    return stack;
}

static struct stack_key key_of(const struct stack *stack) {
    struct stack_key key = key_seed(0, 0);
    for (uint32_t i = 0; i < stack->depth; i++)
        key = key_extend(key, stack->pc[i]);
    return key;
}

static void check(uint32_t id, const struct stack *stack) {
    for (uint32_t i = stack->depth; i-- > 0; id = process->nodes[id].parent)
        if (id < STACK_FIRST_NODE || process->nodes[id].pc != stack->pc[i])
            wrong("frame %u of %u: 0x%lx instead of 0x%lx", i, stack->depth, process->nodes[id].pc,
                  stack->pc[i]);
    if (id != STACK_NONE)
        wrong("a stack of %u frames has more", stack->depth);
}

static uint32_t insert(const struct stack *stack) {
    uint32_t node = STACK_NONE;
    for (uint32_t i = 0; i < stack->depth; i++)
        node = nodes_child(node, stack->pc[i]);
    stack_table_add(key_of(stack), node);
    return node;
}

static uint32_t known; /* found in the table */

static void work(uint32_t thread) {
    for (uint32_t turn = 0; turn < 2; turn++)
        for (uint32_t i = 0; i < plan.steps; i++) {
            /* Two orders: threads that go the same way meet at new stacks, others at known ones. */
            struct stack stack = stack_of(thread % 2 ? plan.steps - 1 - i : i);
            uint32_t id = stack_table_find(key_of(&stack));
            if (id)
                __atomic_fetch_add(&known, 1, __ATOMIC_RELAXED);
            else
                id = insert(&stack);
            check(id, &stack);
        }
}

int main(int count, char **args) {
    plan = plan_of(count, args);
    uint32_t stacks = plan.steps, threads = plan.threads;
    process_invent(UINT32_C(1) << 22, 4096);
    work(0);
    uint32_t alone = process->own.nodes;
    if (known < stacks)
        wrong("of %u stacks only %u were known the second time", stacks, known);
    for (uint32_t i = 0; i < stacks; i++) {
        struct stack stack = stack_of(i);
        check(insert(&stack), &stack);
    }
    if (process->own.nodes != alone)
        wrong("%u frames were made anew, though all were known", process->own.nodes - alone);

    /* In a forked child, which begins with the tables of its parent, wiped. */
    pid_t child = fork();
    int status;
    if (child != 0)
        return waitpid(child, &status, 0) != child || status != 0;
    process_invent(UINT32_C(1) << 22, 4096);
    known = 0;
    together(threads, work);
    uint32_t made = process->own.nodes;
    /* What is inserted while a table grows may be inserted once more. A table takes no more than it has room
     * for meanwhile, so that this is a part of the whole, however slowly it grows. */
    if (made > 2 * alone)
        wrong("%u nodes for %u frames", made, alone);
    if (known < stacks / 2 * threads)
        wrong("of %u look-ups of known stacks only %u found one", stacks * threads, known);
    return 0;
}
