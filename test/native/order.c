/* order.c — random programs of several threads through the real reader, compared with a plain model.
 *
 *   for every program and every order in which its rings are read:
 *       counts(core) = counts(model)
 *       published(block) <= birth(block) <= end of the first round after that
 *
 * The model runs the program's steps one after the other, as they really happen. A ticket is drawn at another
 * step than the call it belongs to (an allocation's after it, a free's and a realloc's before it), so that
 * threads overlap as they do in a real process.
 *
 * usage: order FIRST_SEED SEEDS
 */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "test/native/writer.h"

#define THREADS   4
#define ADDRESSES 48
#define STACKS    12
#define PAGES     40
#define MAP_BASE  UINT64_C(0x7f0000000000)
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
    uint32_t address; /* index of what it is busy with */
    uint32_t target;  /* realloc: index of the new block */
    uint64_t size;
    uint32_t stack;
    uint32_t old_order;
    uint64_t last; /* id of the block of its last allocation, 0 when freed since */
};

struct model {
    struct model_block block[ADDRESSES];
    struct model_thread thread[THREADS];
    struct counts heap[STACKS], map[STACKS], all;
    uint64_t frees, unknown, maps, unmaps, events, last_id;
    uint32_t page_piece[PAGES]; /* 0: not mapped */
    uint32_t page_stack[PAGES];
    uint32_t last_piece;
};

/* Neighbours within one cell and one counter, a few far away. */
static uint64_t address_of(uint32_t index) {
    static const uint64_t bases[] = {UINT64_C(0x555500001000), UINT64_C(0x555500001008),
                                     UINT64_C(0x555500001018), UINT64_C(0x7ffff0000010),
                                     UINT64_C(0x10),           UINT64_C(0x400000000000)};
    return bases[index % 6] + (index / 6) * (index % 6 == 3 ? UINT64_C(0x4000000) : 32);
}

static uint64_t random_size(uint64_t *seed) {
    switch (pick(seed, 8)) {
    case 0:
        return 0;
    case 1:
        return 1000 + pick(seed, 60);
    case 2:
        return UINT64_C(0xfffffff0) + pick(seed, 32);
    case 3:
        return (uint64_t)pick(seed, 1000) << 30;
    default:
        return pick(seed, 400);
    }
}

/* `position`: of the event in the thread's ring. */
static void model_allocate(struct model *m, uint32_t thread, uint32_t address, uint32_t position) {
    struct model_thread *t = &m->thread[thread];
    struct model_block *b = &m->block[address];
    *b = (struct model_block){true, true, ++m->last_id, t->size, t->stack, thread, position};
    struct counts *site = &m->heap[t->stack];
    site->live_bytes += t->size, site->live_blocks++, site->total_bytes += t->size, site->total_blocks++;
    t->last = b->id;
    m->events++;
}

static void model_release(struct model *m, uint32_t thread, uint32_t address, bool is_free) {
    struct model_thread *t = &m->thread[thread];
    struct model_block *b = &m->block[address];
    struct counts *site = &m->heap[b->stack];
    site->live_bytes -= b->size, site->live_blocks--;
    m->frees++;
    if (is_free && t->last == b->id)
        site->temporary++;
    if (t->last == b->id)
        t->last = 0;
    b->usable = false;
    m->events++;
}

static uint32_t random_address(const struct model *m, uint64_t *seed, bool usable) {
    for (int tries = 0; tries < 60; tries++) {
        uint32_t i = pick(seed, ADDRESSES);
        if (usable ? m->block[i].usable : !m->block[i].taken)
            return i;
    }
    return UINT32_MAX;
}

/* ---- mappings: page by page ---- */

static void model_unmap(struct model *m, uint32_t first, uint32_t end) {
    uint32_t after = end < PAGES ? m->page_piece[end] : 0;
    bool split = after && first > 0 && m->page_piece[first - 1] == after;
    for (uint32_t p = first; p < end; p++) {
        if (m->page_piece[p])
            m->map[m->page_stack[p]].live_bytes -= PAGE;
        m->page_piece[p] = 0;
    }
    if (!split)
        return;
    m->last_piece++;
    for (uint32_t p = end; p < PAGES && m->page_piece[p] == after; p++)
        m->page_piece[p] = m->last_piece;
}

static void step_map(struct model *m, struct writer *w, uint32_t thread, uint64_t *seed) {
    uint32_t first = pick(seed, PAGES), end = first + 1 + pick(seed, PAGES - first),
             stack = pick(seed, STACKS);
    uint64_t address = MAP_BASE + first * PAGE, bytes = (end - first) * PAGE;
    switch (pick(seed, 3)) {
    case 0:
        writer_map(w, thread, address, bytes, STACK_FIRST_NODE + stack);
        model_unmap(m, first, end);
        m->last_piece++;
        for (uint32_t p = first; p < end; p++)
            m->page_piece[p] = m->last_piece, m->page_stack[p] = stack;
        m->map[stack].live_bytes += bytes, m->map[stack].total_bytes += bytes, m->map[stack].total_blocks++;
        m->maps++;
        break;
    case 1:
        writer_unmap(w, thread, address, bytes);
        model_unmap(m, first, end);
        m->unmaps++;
        break;
    default: /* a munmap that failed */
        writer_queue(w, thread, event_pack(EVENT_CANCEL, 0, 0, 0, writer_draw(w, ORDER_MAPS)));
    }
    m->events++;
}

static void count_pieces(struct model *m) {
    for (uint32_t p = 0; p < PAGES; p++) {
        if (m->page_piece[p] && (p == 0 || m->page_piece[p - 1] != m->page_piece[p]))
            m->map[m->page_stack[p]].live_blocks++;
    }
}

/* ---- the program ---- */

static uint32_t draw(struct writer *w, uint32_t address) {
    return writer_draw(w, event_order_slot(address_of(address)));
}

static void queue_at(struct writer *w, uint32_t thread, enum event_type type, uint32_t address,
                     uint32_t order) {
    writer_queue(w, thread, event_pack(type, address_of(address), 0, 0, order));
}

/* What a thread that is in the middle of something does next. */
static void step_on(struct model *m, struct writer *w, uint32_t thread, uint64_t *seed) {
    struct model_thread *t = &m->thread[thread];
    uint32_t position = w->rings[thread].queued;
    switch (t->phase) {
    case ALLOCATED: /* malloc has returned: draw and publish */
        writer_alloc(w, thread, address_of(t->address), t->size, STACK_FIRST_NODE + t->stack);
        model_allocate(m, thread, t->address, position);
        break;
    case FREEING: /* published before: now the real call */
        m->block[t->address].taken = false;
        break;
    case REALLOCATING: { /* the ticket of the old block is drawn: now the real call */
        t->target = pick(seed, 3) ? random_address(m, seed, false) : t->address;
        if (t->target == UINT32_MAX || pick(seed, 4) == 0) { /* it failed */
            queue_at(w, thread, EVENT_CANCEL, t->address, t->old_order);
            m->block[t->address].usable = true;
            m->events++;
            break;
        }
        m->block[t->target].taken = true;
        if (t->target != t->address)
            m->block[t->address].taken = false; /* anyone may get it before the release is published */
        t->phase = REALLOCATED;
        return;
    }
    case REALLOCATED:
        queue_at(w, thread, EVENT_RELEASE, t->address, t->old_order);
        writer_alloc(w, thread, address_of(t->target), t->size, STACK_FIRST_NODE + t->stack);
        model_allocate(m, thread, t->target, position + 1);
        break;
    case IDLE:
        break;
    }
    t->phase = IDLE;
}

/* The old block's counters change when its realloc begins: it is nobody else's until then. */
static void begin_realloc(struct model *m, struct writer *w, uint32_t thread, uint32_t address,
                          uint64_t *seed) {
    struct model_thread *t = &m->thread[thread];
    *t = (struct model_thread){.phase = REALLOCATING,
                               .address = address,
                               .size = random_size(seed),
                               .stack = pick(seed, STACKS),
                               .old_order = draw(w, address),
                               .last = t->last};
    m->block[address].usable = false;
}

static void step(struct model *m, struct writer *w, uint32_t thread, uint64_t *seed) {
    struct model_thread *t = &m->thread[thread];
    if (t->phase == REALLOCATING || t->phase == REALLOCATED) {
        struct model_block old = m->block[t->address];
        enum phase before = t->phase;
        step_on(m, w, thread, seed);
        if (before == REALLOCATING && t->phase == REALLOCATED) { /* counted from the real call on */
            struct model_block now = m->block[t->address];
            m->block[t->address] = old;
            model_release(m, thread, t->address, false);
            m->block[t->address] = now;
            m->block[t->address].usable = false;
        }
        return;
    }
    if (t->phase != IDLE) {
        step_on(m, w, thread, seed);
        return;
    }
    uint32_t address;
    switch (pick(seed, 16)) {
    case 0 ... 5:
        if ((address = random_address(m, seed, false)) == UINT32_MAX)
            return;
        m->block[address].taken = true;
        *t = (struct model_thread){ALLOCATED, address, 0, random_size(seed), pick(seed, STACKS), 0, t->last};
        break;
    case 6 ... 10: /* of any thread's block; often its own last one */
        address = random_address(m, seed, true);
        for (uint32_t i = 0; i < ADDRESSES && pick(seed, 2); i++) {
            if (m->block[i].usable && m->block[i].id == t->last)
                address = i;
        }
        if (address == UINT32_MAX)
            return;
        queue_at(w, thread, EVENT_FREE, address, draw(w, address));
        model_release(m, thread, address, true);
        t->phase = FREEING;
        t->address = address;
        break;
    case 11 ... 12:
        if ((address = random_address(m, seed, true)) != UINT32_MAX)
            begin_realloc(m, w, thread, address, seed);
        break;
    case 13: /* a free of what was never allocated */
        if ((address = random_address(m, seed, false)) == UINT32_MAX)
            return;
        queue_at(w, thread, EVENT_FREE, address, draw(w, address));
        m->unknown++, m->events++;
        break;
    case 14:
        step_map(m, w, thread, seed);
        break;
    default:
        if (pick(seed, 4) == 0) {
            writer_queue_takeover(w, thread);
            t->last = 0;
        }
    }
}

/* ---- reading and comparing ---- */

/* When each event of a ring was published, and when the first round after that was over. */
struct moments {
    uint64_t *published_ns, *read_ns;
    uint32_t read; /* events that have a time of reading */
};

static uint64_t now_ns(void) {
    return session_ns_at(monotonic_us()); /* as the core sees it */
}

static void note_read(struct moments *times, const struct writer *w) {
    uint64_t now = now_ns();
    for (uint32_t ring = 0; ring < THREADS; ring++)
        while (times[ring].read < w->rings[ring].published)
            times[ring].read_ns[times[ring].read++] = now;
}

static void publish_in_random_order(struct writer *w, struct stage *stage, struct moments *times,
                                    uint64_t *seed) {
    uint32_t patience = 1 + pick(seed, 30); /* how seldom the core reads */
    uint32_t favourite = pick(seed, THREADS);
    for (bool more = true; more;) {
        uint32_t ring = pick(seed, 3) ? pick(seed, THREADS) : favourite;
        uint64_t now = now_ns();
        uint32_t before = w->rings[ring].published;
        writer_publish(w, ring, pick(seed, 2) ? 1 + pick(seed, 4) : 1 + pick(seed, 200));
        for (uint32_t i = before; i < w->rings[ring].published; i++)
            times[ring].published_ns[i] = now;
        if (pick(seed, patience) == 0) {
            stage_pass(stage);
            note_read(times, w);
        }
        more = false;
        for (uint32_t i = 0; i < THREADS; i++)
            more |= w->rings[i].published < w->rings[i].queued;
    }
    stage_settle(stage);
    note_read(times, w);
}

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

static void compare_blocks(struct stage *stage, const struct model *m, const struct moments *times) {
    struct block_record blocks[2 * ADDRESSES];
    uint32_t count = core_blocks(stage->core, 0, blocks, 2 * ADDRESSES), expected = 0;
    for (uint32_t i = 0; i < ADDRESSES; i++)
        expected += m->block[i].usable;
    CHECK_EQUAL(count, expected, "blocks");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = 0;
        while (at < ADDRESSES && address_of(at) != blocks[i].address)
            at++;
        CHECK(at < ADDRESSES && m->block[at].usable, "a block lives that does not");
        const struct model_block *block = &m->block[at];
        CHECK_EQUAL(blocks[i].size, block->size, "size of a block");
        CHECK_EQUAL(blocks[i].stack, STACK_FIRST_NODE + block->stack, "stack of a block");
        CHECK(blocks[i].born_ns >= times[block->thread].published_ns[block->position],
              "born before its allocation was published");
        CHECK(blocks[i].born_ns <= times[block->thread].read_ns[block->position],
              "born after its allocation was read");
    }
}

/* What lives by age and size adds up to what lives. */
static void compare_holdings(struct stage *stage, const struct site_record *sites, uint32_t sites_count,
                             const struct size_record *sizes) {
    struct holding_record holdings[1024];
    uint32_t count = core_holdings(stage->core, 0, NULL, 0, holdings, 1024);
    CHECK(count <= 1024, "%u holdings", count);
    uint64_t blocks[2 * STACKS] = {0}, bytes[2 * STACKS] = {0}, by_size[SIZE_CLASSES] = {0};
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
    for (uint32_t i = 0; i < SIZE_CLASSES; i++)
        CHECK_EQUAL(by_size[i], sizes[i].live_blocks, "blocks of a size");
}

static void compare(struct stage *stage, struct model *m, const struct moments *times) {
    count_pieces(m);
    struct site_record sites[2 * STACKS];
    uint32_t count = core_sites(stage->core, 0, sites, 2 * STACKS), sites_count = count;
    struct counts heap = {0}, map = {0};
    bool seen[2][STACKS] = {{false}};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t stack = sites[i].stack - STACK_FIRST_NODE;
        CHECK(!seen[sites[i].kind][stack], "a site comes twice");
        seen[sites[i].kind][stack] = true;
        compare_site(&sites[i], sites[i].kind == SITE_HEAP ? &m->heap[stack] : &m->map[stack]);
    }
    for (uint32_t stack = 0; stack < STACKS; stack++) {
        CHECK_EQUAL(seen[0][stack], m->heap[stack].total_blocks > 0, "presence of a heap site");
        CHECK_EQUAL(seen[1][stack], m->map[stack].total_blocks > 0, "presence of a map site");
        add(&heap, &m->heap[stack]);
        add(&map, &m->map[stack]);
    }
    struct process_record r = stage_record(stage, 0);
    CHECK_EQUAL(r.flags, 0, "flags");
    CHECK_EQUAL(r.allocations, heap.total_blocks, "allocations");
    CHECK_EQUAL(r.frees, m->frees, "frees");
    CHECK_EQUAL(r.live_bytes, heap.live_bytes, "live bytes");
    CHECK_EQUAL(r.live_blocks, heap.live_blocks, "live blocks");
    CHECK_EQUAL(r.total_bytes, heap.total_bytes, "total bytes");
    CHECK_EQUAL(r.temporary_blocks, heap.temporary, "temporary blocks");
    CHECK_EQUAL(r.unknown_frees, m->unknown, "unknown frees");
    CHECK_EQUAL(r.mapped_bytes, map.live_bytes, "mapped bytes");
    CHECK_EQUAL(r.mapped_total_bytes, map.total_bytes, "mapped total");
    CHECK_EQUAL(r.maps, m->maps, "maps");
    CHECK_EQUAL(r.unmaps, m->unmaps, "unmaps");
    CHECK_EQUAL(r.events, m->events, "events");
    CHECK_EQUAL(r.skipped_orders, 0, "skipped tickets");
    CHECK_EQUAL(r.lost, 0, "lost");
    CHECK_EQUAL(stage->core->processes[0]->order.count, 0, "events still waiting");

    struct thread_record threads[4096];
    struct size_record sizes[SIZE_CLASSES];
    uint64_t live = 0, allocations = 0, live_by_size = 0, blocks_by_size = 0;
    count = core_threads(stage->core, 0, threads, 4096);
    for (uint32_t i = 0; i < count; i++)
        live += threads[i].live_bytes, allocations += threads[i].allocations;
    CHECK_EQUAL(live, heap.live_bytes, "live bytes of all threads");
    CHECK_EQUAL(allocations, heap.total_blocks, "allocations of all threads");
    count = core_sizes(stage->core, 0, sizes, SIZE_CLASSES);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t least = i ? UINT64_C(1) << (i - 1) : 0;
        CHECK(sizes[i].live_bytes >= sizes[i].live_blocks * least &&
                  sizes[i].live_bytes <= sizes[i].live_blocks * (i ? 2 * least - 1 : 0),
              "blocks of class %u are within its bounds", i);
        live_by_size += sizes[i].live_bytes, blocks_by_size += sizes[i].total_blocks;
    }
    CHECK_EQUAL(live_by_size, heap.live_bytes, "live bytes of all sizes");
    CHECK_EQUAL(blocks_by_size, heap.total_blocks, "blocks of all sizes");
    compare_blocks(stage, m, times);
    compare_holdings(stage, sites, sites_count, sizes);
}

static void run(uint64_t first_seed) {
    uint64_t seed = first_seed * UINT64_C(0xd1342543de82ef95);
    struct stage stage;
    struct writer writer;
    struct model *model = calloc(1, sizeof *model);
    stage_open(&stage);
    writer_open(
        &writer, &stage,
        &(struct writer_options){
            .pid = getpid(), .rings = THREADS, .ring_events = 8u << pick(&seed, 10), .nodes = STACKS});
    uint32_t steps = 20 + pick(&seed, 3000);
    for (uint32_t i = 0; i < steps; i++)
        step(model, &writer, pick(&seed, THREADS), &seed);
    for (uint32_t thread = 0; thread < THREADS; thread++) {
        while (model->thread[thread].phase != IDLE)
            step(model, &writer, thread, &seed);
    }
    writer_announce(&writer);
    struct moments times[THREADS] = {0};
    for (uint32_t ring = 0; ring < THREADS; ring++) {
        times[ring].published_ns = calloc(writer.rings[ring].queued + 1, sizeof(uint64_t));
        times[ring].read_ns = calloc(writer.rings[ring].queued + 1, sizeof(uint64_t));
    }
    publish_in_random_order(&writer, &stage, times, &seed);
    compare(&stage, model, times);
    for (uint32_t ring = 0; ring < THREADS; ring++) {
        free(times[ring].published_ns);
        free(times[ring].read_ns);
    }
    writer_close(&writer);
    stage_close(&stage);
    free(model);
}

int main(int argc, char **argv) {
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t seeds = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        if (getenv("VERBOSE"))
            fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
        run(seed);
    }
    printf("%llu programs counted exactly\n", (unsigned long long)seeds);
    return 0;
}
