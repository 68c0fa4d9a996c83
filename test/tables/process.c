/* process.c — areas of a segment without a file. Rules: process.h. */
#include "test/tables/process.h"

#include <stdlib.h>

#include "shim/nodes.h"
#include "shim/process.h"
#include "shim/stack_table.h"

static uint64_t area(uint64_t *end, uint64_t bytes) {
    uint64_t at = *end;
    *end += (bytes + 4095) / 4096 * 4096;
    return at;
}

void process_invent(uint32_t nodes, uint32_t code_bytes) {
    uint64_t end = 0;
    process = os_map_private(sizeof *process);
    struct segment_header *own = &process->own;
    area(&end, sizeof *own);
    own->modules_offset = area(&end, MODULES_CAPACITY * sizeof(struct module));
    own->strings_offset = area(&end, STRINGS_BYTES);
    own->nodes_offset = area(&end, nodes * sizeof(struct node));
    own->python_codes_offset = area(&end, code_bytes);
    own->nodes_capacity = nodes;
    own->nodes = STACK_FIRST_NODE;
    own->python_codes_bytes = code_bytes;
    own->python_codes = PYTHON_CODES_START;
    process->nodes_reserved = nodes * sizeof(struct node);
    process->python_codes_reserved = code_bytes;
    process->base = os_map_private(end);
    process->segment = (struct segment_header *)process->base;
    process->modules = (struct module *)(process->base + own->modules_offset);
    process->strings = (char *)(process->base + own->strings_offset);
    process->nodes = (struct node *)(process->base + own->nodes_offset);
    process->python_codes = process->base + own->python_codes_offset;
    process->pid = os_pid();
    process->phase = PROCESS_TRACED;
    if (!nodes_start(nodes) || !stack_table_start())
        abort();
}

void process_invent_rings(uint32_t rings) {
    process->rings = os_map_private(RINGS_CAPACITY * sizeof *process->rings);
    process->rings_reserved = RINGS_CAPACITY * sizeof *process->rings;
    process->rings_mapped = RINGS_CAPACITY;
    process->mapped_bytes = rings * RING_BYTES;
    process->base = os_map_private(process->mapped_bytes);
}

struct thread *process_invent_thread(enum on_full on_full) {
    static struct control control;
    static struct registry_header registry = {.sleeping = 1};
    control.on_full = on_full;
    process_invent(1 << 10, 4096);
    process->control = &control;
    process->registry = &registry;
    process_invent_rings(1);
    struct thread *t = thread_create(0);
    if (!t)
        abort();
    return t;
}
