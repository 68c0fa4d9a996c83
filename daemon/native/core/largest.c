/* largest.c — a heap of the blocks found so far, the least of them on top. Rules: largest.h. */
#include "daemon/native/core/largest.h"

#include <stdlib.h>

struct found {
    const struct sites *sites;
    struct block_record *items;
    uint32_t count;
};

/* A total order, so that the same blocks are found whatever order they are met in. */
static int compare(const struct block_record *a, const struct block_record *b) {
    if (a->size != b->size)
        return a->size > b->size ? -1 : 1;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return (int)a->kind - (int)b->kind;
}
static int compare_any(const void *a, const void *b) {
    return compare(a, b);
}

static void swap(struct block_record *a, struct block_record *b) {
    struct block_record kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_up(struct found *f, uint32_t at) {
    for (; at > 0 && compare(&f->items[at], &f->items[(at - 1) / 2]) > 0; at = (at - 1) / 2)
        swap(&f->items[at], &f->items[(at - 1) / 2]);
}

static void sift_down(struct found *f) {
    for (uint32_t at = 0, child; (child = 2 * at + 1) < f->count; at = child) {
        if (child + 1 < f->count && compare(&f->items[child + 1], &f->items[child]) > 0)
            child++;
        if (compare(&f->items[child], &f->items[at]) <= 0)
            return;
        swap(&f->items[child], &f->items[at]);
    }
}

static void visit(void *context, uint64_t address, const struct block *block) {
    struct found *f = context;
    if (likely(f->count == LARGEST_BLOCKS && block->size < f->items[0].size))
        return;
    const struct site *site = &f->sites->items[block->site];
    struct block_record record = {address, block->size, session_ns_at(block->birth_us), site->stack,
                                  site->kind};
    if (f->count < LARGEST_BLOCKS) {
        f->items[f->count] = record;
        sift_up(f, f->count++);
    } else if (compare(&record, &f->items[0]) < 0) {
        f->items[0] = record;
        sift_down(f);
    }
}

uint32_t largest_find(const struct blocks *heap, const struct blocks *python, const struct sites *sites,
                      struct block_record *out) {
    struct found found = {sites, out, 0};
    blocks_each(heap, visit, &found);
    blocks_each(python, visit, &found);
    qsort(out, found.count, sizeof *out, compare_any);
    return found.count;
}
