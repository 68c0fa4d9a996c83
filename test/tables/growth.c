/* growth.c — the thread that makes a table larger loses the processor in the middle of it: the others do not
 * fill the old one to the last slot meanwhile, where each search would pass all that are taken. And no signal
 * handler comes in between, which could leave for good.
 *
 * usage: growth SEED THREADS STEPS
 */
#include <signal.h>

#include "shim/nodes.h"
#include "shim/process.h"
#include "shim/stack_table.h"
#include "test/tables/process.h"
#include "test/tables/together.h"

#define INDEX_START 4096 /* slots; a first child takes none */

static uint32_t made, made_when_waiting, grown;

static bool is_held(int signal) {
    sigset_t held;
    pthread_sigmask(SIG_BLOCK, NULL, &held);
    return sigismember(&held, signal);
}

/* In place of the system's: linked with --wrap. */
void __wrap_os_wait(uint32_t *word, uint32_t value, uint32_t ms);
void __wrap_os_wait(uint32_t *word, uint32_t value, uint32_t ms) {
    (void)ms;
    if (word != &process->nodes_growing || value != 1)
        wrong("waits for something else");
    made_when_waiting = made;
    *word = 0; /* the other thread is done */
}

void *__real_os_map_private(size_t bytes);
void *__wrap_os_map_private(size_t bytes);
void *__wrap_os_map_private(size_t bytes) {
    if (process && (process->nodes_growing || process->stack_table_growing)) {
        grown++;
        if (!is_held(SIGUSR1))
            wrong("a handler may come while a table is made larger");
    }
    return __real_os_map_private(bytes);
}

static uint64_t pc_of(uint32_t i) {
    return UINT64_C(0x1000) + 16 * i;
}

int main(int count, char **args) {
    struct plan plan = plan_of(count, args);
    process_invent(2 * plan.steps, 4096);
    process->nodes_growing = 1; /* by a thread that sleeps */
    while (made < plan.steps) {
        nodes_child(STACK_NONE, pc_of(made++));
        stack_table_add(key_extend(key_seed(0, 0), pc_of(made)), made);
    }
    if (!made_when_waiting || made_when_waiting > INDEX_START / 8 * 7)
        wrong("waited with %u of %d slots taken", made_when_waiting, INDEX_START);
    if (grown < 2)
        wrong("the tables grew %u times", grown);
    if (is_held(SIGUSR1))
        wrong("signals are still held");
    uint32_t nodes = process->own.nodes;
    for (uint32_t i = 0; i < made; i++)
        nodes_child(STACK_NONE, pc_of(i));
    if (process->own.nodes != nodes)
        wrong("%u frames were forgotten", process->own.nodes - nodes);
    return 0;
}
