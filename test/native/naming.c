/* naming.c — the stacks that grow from a process's nodes are those nodes with their places' frames in
 * between. */
#include <string.h>
#include <unistd.h>

#include "test/native/namer.h"

#define MODULE_BIAS UINT64_C(0x7f0000000000)

static void open_with(struct writer *w, struct stage *stage, int pid, uint32_t capacity) {
    stage_open(stage);
    writer_open(w, stage,
                &(struct writer_options){
                    .pid = pid, .rings = 1, .ring_events = 64, .nodes = 1, .nodes_capacity = capacity});
    struct module *modules = (struct module *)(w->base + w->header->modules_offset);
    modules[0] = (struct module){.base = MODULE_BIAS, .end = MODULE_BIAS + 65536, .bias = MODULE_BIAS};
    w->header->modules = 1;
    writer_announce(w);
}

static void close_all(struct writer *w, struct stage *stage) {
    writer_close(w);
    stage_close(stage);
}

/* As the shim does: the node, then the count. Returns its id. */
static uint32_t add(struct writer *w, struct node node) {
    uint32_t id = w->header->nodes;
    w->nodes[id] = node;
    __atomic_store_n(&w->header->nodes, id + 1, __ATOMIC_RELEASE);
    return id;
}

static uint64_t python(uint32_t code, uint32_t offset, uint64_t entry) {
    return NODE_PC_PYTHON | (uint64_t)code << NODE_PYTHON_CODE_SHIFT | entry | offset;
}

static void check_place(const struct places *places, uint32_t at, uint32_t module, uint64_t lookup,
                        uint64_t offset, uint32_t code) {
    CHECK_EQUAL(places->module[at], module, "module");
    CHECK_EQUAL((uint64_t)places->lookup[at], lookup, "lookup");
    CHECK_EQUAL((uint64_t)places->offset[at], offset, "offset");
    CHECK_EQUAL(places->code[at], code, "code");
}

static void check_stack(struct stage *stage, uint32_t node, int32_t expected) {
    int32_t stack;
    core_stacks_of(stage->core, 0, &node, &stack, 1);
    CHECK(stack == expected, "stack of node %u is %d, should be %d", node, stack, expected);
}

static void small(void) {
    struct stage stage;
    struct writer w;
    open_with(&w, &stage, getpid(), 64);
    uint32_t main_ = STACK_FIRST_NODE; /* 0x400000, in no module */
    uint32_t call = add(&w, (struct node){MODULE_BIAS + 0x10, main_, 0});
    uint32_t again = add(&w, (struct node){MODULE_BIAS + 0x10, call, 0});
    uint32_t exact = add(&w, (struct node){NODE_PC_EXACT | (MODULE_BIAS + 0x10), main_, 0});
    uint32_t line = add(&w, (struct node){python(7, 12, NODE_PYTHON_ENTRY), exact, MODULE_PYTHON});
    uint32_t same = add(&w, (struct node){python(7, 12, 0), line, MODULE_PYTHON});
    uint32_t nowhere = add(&w, (struct node){0x1000, STACK_TRUNCATED, 9}); /* a module that is not there */

    CHECK_EQUAL(core_take_nodes(stage.core, 0, 3), 3, "nodes taken at first");
    CHECK_EQUAL(core_take_nodes(stage.core, 0, 99), 4, "nodes taken then");
    CHECK_EQUAL(core_take_nodes(stage.core, 0, 99), 0, "nodes taken at last");
    struct places places;
    CHECK_EQUAL(places_from(stage.core, 0, 0, &places, 9), 5, "places");
    check_place(&places, 0, MODULE_NONE, 0x3fffff, 0x400000, 0);
    check_place(&places, 1, 0, 0xf, 0x10, 0);
    check_place(&places, 2, 0, 0x10, 0x10, 0);
    check_place(&places, 3, MODULE_PYTHON, 12, 12, 7);
    check_place(&places, 4, MODULE_NONE, 0xfff, 0x1000, 0);
    CHECK_EQUAL(places_from(stage.core, 0, 4, &places, 9), 1, "places from the fifth on");

    /* main has one frame, the call two (one inlined), the exact one is left out; the rest has no names yet.
     */
    int32_t parent[9], frame[9];
    CHECK_EQUAL(core_grow_stacks(stage.core, 0, 0, parent, frame, 9), 0, "stacks before there are names");
    struct place_frames names[] = {{100, 1}, {101, 2}, {0, 0}};
    CHECK_EQUAL(core_name_places(stage.core, 0, names, 3), 5, "stacks due");
    CHECK_EQUAL(core_grow_stacks(stage.core, 0, 0, parent, frame, 2), 1, "stacks with room for one node's");
    CHECK_EQUAL(core_grow_stacks(stage.core, 0, 1, parent + 1, frame + 1, 8), 4, "stacks then");
    static const int32_t parents[] = {-1, 0, 1, 2, 3}, frames[] = {100, 101, 102, 101, 102};
    CHECK(!memcmp(parent, parents, sizeof parents), "their parents");
    CHECK(!memcmp(frame, frames, sizeof frames), "their frames");
    check_stack(&stage, main_, 0);
    check_stack(&stage, call, 2);
    check_stack(&stage, again, 4);
    check_stack(&stage, exact, 0); /* that of what it was called by */
    check_stack(&stage, line, -1);
    check_stack(&stage, STACK_NONE, -1);
    check_stack(&stage, UINT32_MAX, -1);

    /* Further nodes of known places need no further names. */
    uint32_t later = add(&w, (struct node){MODULE_BIAS + 0x10, same, 0});
    CHECK_EQUAL(core_take_nodes(stage.core, 0, 99), 1, "nodes taken later");
    CHECK_EQUAL(core_name_places(stage.core, 0, (struct place_frames[]){{103, 1}, {104, 1}}, 2), 5,
                "stacks due later");
    CHECK_EQUAL(core_grow_stacks(stage.core, 0, 5, parent, frame, 9), 5, "stacks later");
    static const int32_t later_parents[] = {0, 5, -1, 6, 8}, later_frames[] = {103, 103, 104, 101, 102};
    CHECK(!memcmp(parent, later_parents, sizeof later_parents), "their parents");
    CHECK(!memcmp(frame, later_frames, sizeof later_frames), "their frames");
    check_stack(&stage, nowhere, 7);
    check_stack(&stage, later, 9);
    CHECK_EQUAL(core_take_nodes(stage.core, 1, 9), 0, "nodes of a process that is not there");
    close_all(&w, &stage);
}

/* A program that says it has fewer nodes than it had, and ends: those that were taken grow nevertheless. */
static void fewer_than_taken(void) {
    struct stage stage;
    struct writer w;
    int pid = child_start();
    open_with(&w, &stage, pid, 1 << 16);
    for (uint32_t i = 1; i < 50000; i++)
        add(&w, (struct node){MODULE_BIAS + 1 + i, w.header->nodes - 1, 0});
    CHECK_EQUAL(core_take_nodes(stage.core, 0, UINT32_MAX), 50000, "nodes taken");
    w.header->nodes = STACK_FIRST_NODE + 10;
    child_kill(pid);
    for (int i = 0; i < 3; i++)
        stage_pass(&stage);
    CHECK_EQUAL(stage_record(&stage, 0).state, PROCESS_ENDED, "state");
    struct namer namer = {0};
    namer_catch_up(&namer, stage.core, 0);
    CHECK_EQUAL(namer.places, 50000, "places");
    check_stack(&stage, STACK_FIRST_NODE + 1, 0); /* the first node's place gets no frame */
    CHECK_EQUAL(namer.stacks, 49999, "stacks");
    close_all(&w, &stage);
}

/* Each node inside the one before: each place comes back after `distinct` nodes. */
static void large(uint32_t nodes, uint32_t distinct) {
    struct stage stage;
    struct writer w;
    struct namer namer = {0};
    open_with(&w, &stage, getpid(), nodes + 8);
    for (uint32_t i = 1; i < nodes; i++) {
        uint32_t id = w.header->nodes;
        add(&w, (struct node){MODULE_BIAS + 1 + i % distinct, id - 1, 0});
        if (i % 1000 == 0)
            namer_catch_up(&namer, stage.core, 0);
    }
    namer_catch_up(&namer, stage.core, 0);
    CHECK_EQUAL(namer.places, distinct + 1, "places"); /* and that of the first node */
    uint64_t stacks = 0;
    for (uint32_t i = 1; i < nodes; i++)
        stacks += ((i - 1) % distinct + 1) % 3; /* i = distinct is the last to be met, as place `distinct` */
    CHECK_EQUAL(namer.stacks, stacks, "stacks");
    close_all(&w, &stage);
}

int main(void) {
    small();
    fewer_than_taken();
    large(200000, 100000);
    large(200000, 3);
    return 0;
}
