/* compare.c — see compare.h. */
#include "test/native/order/compare.h"

#include "daemon/native/core/birth.h"

static void compare_site(const struct site_record *site, const struct counts *expected) {
    CHECK_EQUAL(site->live_bytes, expected->live_bytes, "live bytes of a site");
    CHECK_EQUAL(site->live_blocks, expected->live_blocks, "live blocks of a site");
    CHECK_EQUAL(site->total_bytes, expected->total_bytes, "total bytes of a site");
    CHECK_EQUAL(site->total_blocks, expected->total_blocks, "total blocks of a site");
    CHECK_EQUAL(site->temporary_blocks, expected->temporary, "temporary blocks of a site");
}

static void add(struct counts *sum, const struct counts *part) {
    sum->live_bytes += part->live_bytes, sum->live_blocks += part->live_blocks;
    sum->total_bytes += part->total_bytes, sum->total_blocks += part->total_blocks;
    sum->temporary += part->temporary;
}

static void compare_block(const struct block_record *record, const struct model *m,
                          const struct moments times[THREADS]) {
    uint32_t at = 0;
    while (at < ADDRESSES && address_of(at) != record->address)
        at++;
    CHECK(at < ADDRESSES && record->kind < SITE_KINDS && m->block[record->kind][at].usable,
          "a block lives that does not");
    const struct model_block *block = &m->block[record->kind][at];
    const struct moments *ring = &times[block->thread];
    CHECK_EQUAL(record->size, block->size, "size of a block");
    CHECK_EQUAL(record->stack, STACK_FIRST_NODE + block->stack, "stack of a block");
    CHECK(record->born_ns + BIRTH_UNIT_US * 1000 >= ring->published_ns[block->position],
          "born before its allocation was published");
    CHECK(record->born_ns <= ring->read_ns[block->position], "born after its allocation was read");
}

static void compare_blocks(struct stage *stage, const struct model *m, const struct moments times[THREADS]) {
    struct block_record blocks[SITE_KINDS * ADDRESSES];
    uint32_t count = core_blocks(stage->core, 0, blocks, SITE_KINDS * ADDRESSES), expected = 0;
    for (uint32_t kind = 0; kind < SITE_KINDS; kind++)
        for (uint32_t i = 0; i < ADDRESSES; i++)
            expected += m->block[kind][i].usable;
    CHECK_EQUAL(count, expected, "blocks");
    for (uint32_t i = 0; i < count; i++)
        compare_block(&blocks[i], m, times);
}

/* Each site, and the sum of each kind. */
static void compare_sites(struct stage *stage, const struct model *m, struct counts sum[SITE_KINDS]) {
    struct site_record sites[SITE_KINDS * STACKS];
    uint32_t count = sites_of(stage->core, 0, sites, SITE_KINDS * STACKS);
    bool seen[SITE_KINDS][STACKS] = {{false}};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t stack = sites[i].stack - STACK_FIRST_NODE;
        CHECK(!seen[sites[i].kind][stack], "a site comes twice");
        seen[sites[i].kind][stack] = true;
        compare_site(&sites[i], &m->counts[sites[i].kind][stack]);
    }
    for (uint32_t kind = 0; kind < SITE_KINDS; kind++) {
        for (uint32_t stack = 0; stack < STACKS; stack++) {
            const struct counts *site = &m->counts[kind][stack];
            CHECK_EQUAL(seen[kind][stack], site->total_blocks > 0, "presence of a site");
            add(&sum[kind], site);
        }
    }
}

static void compare_record(struct stage *stage, const struct model *m, const struct counts sum[SITE_KINDS]) {
    const struct counts *heap = &sum[SITE_HEAP], *map = &sum[SITE_MMAP], *python = &sum[SITE_PYTHON];
    struct process_record r = stage_record(stage, 0);
    CHECK_EQUAL(r.flags, 0, "flags");
    CHECK_EQUAL(r.allocations, heap->total_blocks, "allocations");
    CHECK_EQUAL(r.frees, m->frees, "frees");
    CHECK_EQUAL(r.live_bytes, heap->live_bytes, "live bytes");
    CHECK_EQUAL(r.live_blocks, heap->live_blocks, "live blocks");
    CHECK_EQUAL(r.total_bytes, heap->total_bytes, "total bytes");
    CHECK_EQUAL(r.temporary_blocks, heap->temporary, "temporary blocks");
    CHECK_EQUAL(r.unknown_frees, m->unknown, "unknown frees");
    CHECK_EQUAL(r.mapped_bytes, map->live_bytes, "mapped bytes");
    CHECK_EQUAL(r.mapped_total_bytes, map->total_bytes, "mapped total");
    CHECK_EQUAL(r.maps, m->maps, "maps");
    CHECK_EQUAL(r.unmaps, m->unmaps, "unmaps");
    CHECK_EQUAL(r.python_allocations, python->total_blocks, "Python allocations");
    CHECK_EQUAL(r.python_live_bytes, python->live_bytes, "live Python bytes");
    CHECK_EQUAL(r.python_live_blocks, python->live_blocks, "live Python blocks");
    CHECK_EQUAL(r.python_total_bytes, python->total_bytes, "total Python bytes");
    CHECK_EQUAL(r.events, m->events, "events");
    CHECK_EQUAL(r.skipped_orders, 0, "skipped tickets");
    CHECK_EQUAL(r.lost, 0, "lost");
    CHECK_EQUAL(stage->core->processes[0]->order.count, 0, "events still waiting");
}

/* Only the heap's blocks are counted by thread and by size. */
static void compare_threads_and_sizes(struct stage *stage, const struct counts *heap) {
    struct thread_record threads[4096];
    struct size_record sizes[SIZE_CLASSES];
    uint64_t live = 0, allocations = 0, live_by_size = 0, blocks_by_size = 0;
    uint32_t count = core_threads(stage->core, 0, threads, 4096);
    for (uint32_t i = 0; i < count; i++)
        live += threads[i].live_bytes, allocations += threads[i].allocations;
    CHECK_EQUAL(live, heap->live_bytes, "live bytes of all threads");
    CHECK_EQUAL(allocations, heap->total_blocks, "allocations of all threads");
    count = core_sizes(stage->core, 0, sizes, SIZE_CLASSES);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t least = i ? UINT64_C(1) << (i - 1) : 0;
        CHECK(sizes[i].live_bytes >= sizes[i].live_blocks * least &&
                  sizes[i].live_bytes <= sizes[i].live_blocks * (i ? 2 * least - 1 : 0),
              "blocks of class %u are within its bounds", i);
        live_by_size += sizes[i].live_bytes, blocks_by_size += sizes[i].total_blocks;
    }
    CHECK_EQUAL(live_by_size, heap->live_bytes, "live bytes of all sizes");
    CHECK_EQUAL(blocks_by_size, heap->total_blocks, "blocks of all sizes");
}

/* What lives by age and size adds up to what lives. */
static void compare_holdings(struct stage *stage) {
    struct site_record sites[SITE_KINDS * STACKS];
    struct size_record sizes[SIZE_CLASSES];
    uint32_t sites_count = sites_of(stage->core, 0, sites, SITE_KINDS * STACKS);
    uint32_t sizes_count = core_sizes(stage->core, 0, sizes, SIZE_CLASSES);
    struct holding_record holdings[1024];
    uint32_t count = core_holdings(stage->core, 0, NULL, 0, holdings, 1024);
    CHECK(count <= 1024, "%u holdings", count);
    uint64_t blocks[SITE_KINDS * STACKS] = {0}, bytes[SITE_KINDS * STACKS] = {0}, by_size[SIZE_CLASSES] = {0};
    for (uint32_t i = 0; i < count; i++) {
        const struct holding_record *each = &holdings[i];
        CHECK(each->site < sites_count, "site %u", each->site);
        blocks[each->site] += each->blocks, bytes[each->site] += holding_bytes(each);
        if (sites[each->site].kind == SITE_HEAP)
            by_size[holding_size(each)] += each->blocks;
    }
    for (uint32_t i = 0; i < sites_count; i++) {
        CHECK_EQUAL(blocks[i], sites[i].live_blocks, "blocks of a site by age and size");
        CHECK_EQUAL(bytes[i], sites[i].live_bytes, "bytes of a site by age and size");
    }
    for (uint32_t i = 0; i < sizes_count; i++)
        CHECK_EQUAL(by_size[i], sizes[i].live_blocks, "blocks of a size");
}

void compare(struct stage *stage, struct model *m, const struct moments times[THREADS]) {
    struct counts sum[SITE_KINDS] = {{0}};
    model_count_pieces(m);
    compare_sites(stage, m, sum);
    compare_record(stage, m, sum);
    compare_threads_and_sizes(stage, &sum[SITE_HEAP]);
    compare_blocks(stage, m, times);
    compare_holdings(stage);
}
