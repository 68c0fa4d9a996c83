/* model.h — what a process did, kept as plainly as can be: every block and every page by itself.
 *
 * A step changes it at the moment at which it really happens; it knows nothing of events, rings or tickets.
 * The interpreter's own blocks (SITE_PYTHON) lie at the same addresses as the heap's, as they do in a
 * process.
 */
#ifndef MEMTRACE_TEST_ORDER_MODEL_H
#define MEMTRACE_TEST_ORDER_MODEL_H

#include "daemon/native/core/sites.h"
#include "test/native/writer.h"

#define THREADS   4
#define ADDRESSES 48
#define STACKS    12
#define PAGES     40
#define PAGE      UINT64_C(4096)

struct counts {
    uint64_t live_bytes, live_blocks, total_bytes, total_blocks, temporary;
};

struct model_block {
    bool taken; /* the address belongs to someone: allocated, or about to be or to have been */
    bool usable;
    uint64_t id;
    uint64_t size;
    uint32_t stack;
    uint32_t thread;   /* counted over takeovers */
    uint32_t position; /* of its allocation in the thread's ring */
};

enum phase { IDLE, ALLOCATED, FREEING, REALLOCATING, REALLOCATED };

struct model_thread {
    enum phase phase;
    enum site_kind kind; /* whose allocator it is in */
    uint32_t address;    /* index of what it is busy with */
    uint32_t target;     /* realloc: index of the new block */
    uint64_t size;
    uint32_t stack;
    uint32_t old_order;
    bool in_order;             /* the allocation that it is in the middle of needs no ticket */
    uint64_t last[SITE_KINDS]; /* id of the block of its last allocation, 0 when freed since */
};

struct model {
    struct model_block block[SITE_KINDS][ADDRESSES];
    struct model_thread thread[THREADS];
    struct counts counts[SITE_KINDS][STACKS];
    uint64_t frees, unknown, maps, unmaps, events, last_id;
    uint32_t page_piece[PAGES]; /* 0: not mapped */
    uint32_t page_stack[PAGES];
    uint32_t last_piece;
};

/* Neighbours within one cell and one counter, a few far away. */
uint64_t address_of(uint32_t index);

/* A block of the thread's kind, size and stack. `position`: of the event in the thread's ring. */
void model_allocate(struct model *m, uint32_t thread, uint32_t address, uint32_t position);
/* `is_free`: not by a realloc, nor because an object dies whose block is kept. */
void model_release(struct model *m, uint32_t thread, uint32_t address, bool is_free);
void model_map(struct model *m, uint32_t first, uint32_t end, uint32_t stack);
void model_unmap(struct model *m, uint32_t first, uint32_t end);
/* Counts the pieces that are left as live blocks: once, at the end. */
void model_count_pieces(struct model *m);

#endif
