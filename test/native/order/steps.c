/* steps.c — see steps.h.
 *
 * The model runs the steps one after the other, as they really happen. A ticket is drawn at another step than
 * the call it belongs to (an allocation's after it, a free's and a realloc's before it), so that threads
 * overlap as they do in a real process. In half of the programs the first thread is alone for a while, and
 * its events have no tickets: that one is not needed is known right after malloc returned, and the event
 * published later, when others may be there.
 */
#include "test/native/order/steps.h"

#define MAP_BASE UINT64_C(0x7f0000000000)

static uint64_t random_size(enum site_kind kind, uint64_t *seed) {
    switch (pick(seed, 8)) {
    case 0:
        return 0;
    case 1:
        return 1000 + pick(seed, 60);
    case 2:
        return (kind == SITE_PYTHON ? EVENT_PYTHON_SIZE_MASK - 40 : UINT64_C(0xfffffff0)) + pick(seed, 32);
    case 3:
        return kind == SITE_PYTHON ? pick(seed, 513) : (uint64_t)pick(seed, 1000) << 30;
    default:
        return pick(seed, 400);
    }
}

static uint32_t random_address(const struct model *m, enum site_kind kind, uint64_t *seed, bool usable) {
    for (int tries = 0; tries < 60; tries++) {
        uint32_t i = pick(seed, ADDRESSES);
        const struct model_block *b = &m->block[kind][i];
        if (usable ? b->usable : !b->taken)
            return i;
    }
    return UINT32_MAX;
}

/* ---- events ---- */

static uint32_t draw(struct writer *w, uint32_t address) {
    return writer_draw(w, event_order_slot(address_of(address)));
}

static uint32_t draw_if_needed(struct writer *w, uint32_t address) {
    return writer_draw_if_needed(w, address_of(address));
}

/* A block of the thread's kind, size and stack. */
static void allocate(struct model *m, struct writer *w, uint32_t thread, uint32_t address) {
    const struct model_thread *t = &m->thread[thread];
    uint32_t stack = STACK_FIRST_NODE + t->stack, order = t->in_order ? ORDER_NONE : draw(w, address);
    model_allocate(m, thread, address, w->rings[thread].queued);
    if (t->kind == SITE_PYTHON)
        writer_queue(
            w, thread,
            event_pack_python(EVENT_PYTHON_ALLOC, address_of(address), (uint32_t)t->size, stack, order));
    else
        writer_alloc_with(w, thread, address_of(address), t->size, stack, order);
    m->events++;
}

/* EVENT_FREE, EVENT_RELEASE, EVENT_CANCEL, or what the interpreter's allocator has for it. */
static void queue_end(struct model *m, struct writer *w, uint32_t thread, enum event_type type,
                      uint32_t address, uint32_t order) {
    enum python_event python = type == EVENT_FREE      ? EVENT_PYTHON_FREE
                               : type == EVENT_RELEASE ? EVENT_PYTHON_RELEASE
                                                       : EVENT_PYTHON_NOTHING;
    uint64_t at = address_of(address);
    writer_queue(w, thread,
                 m->thread[thread].kind == SITE_PYTHON ? event_pack_python(python, at, 0, 0, order)
                                                       : event_pack(type, at, 0, 0, order));
    m->events++;
}

/* ---- mappings: page by page ---- */

static void step_map(struct model *m, struct writer *w, uint32_t thread, uint64_t *seed) {
    uint32_t first = pick(seed, PAGES), end = first + 1 + pick(seed, PAGES - first),
             stack = pick(seed, STACKS);
    uint64_t address = MAP_BASE + first * PAGE, bytes = (end - first) * PAGE;
    switch (pick(seed, 4)) {
    case 0:
        writer_map(w, thread, address, bytes, STACK_FIRST_NODE + stack);
        model_map(m, first, end, stack);
        m->maps++;
        break;
    case 1:
        writer_unmap(w, thread, address, bytes);
        model_unmap(m, first, end);
        m->unmaps++;
        break;
    case 2: /* a munmap that failed */
        writer_unmap(w, thread, address, 0);
        break;
    default: /* so did a call of which that was known before */
        writer_queue(w, thread, event_pack(EVENT_CANCEL, 0, 0, 0, writer_draw(w, ORDER_MAPS)));
    }
    m->events++;
}

/* ---- going on with what was begun ---- */

/* The ticket of the old block is drawn: now the real call. The old block counts until then. */
static void step_real_realloc(struct model *m, struct writer *w, uint32_t thread, uint64_t *seed) {
    struct model_thread *t = &m->thread[thread];
    struct model_block *block = m->block[t->kind], *old = &block[t->address];
    t->target = pick(seed, 3) ? random_address(m, t->kind, seed, false) : t->address;
    if (t->target == UINT32_MAX || pick(seed, 4) == 0) { /* it failed */
        queue_end(m, w, thread, EVENT_CANCEL, t->address, t->old_order);
        old->usable = true;
        t->phase = IDLE;
        return;
    }
    if (t->kind == SITE_HEAP && pick(seed, 6) == 0) { /* realloc(p, 0) that frees */
        model_release(m, thread, t->address, true);
        queue_end(m, w, thread, EVENT_FREE, t->address, t->old_order);
        old->taken = false;
        t->phase = IDLE;
        return;
    }
    model_release(m, thread, t->address, false);
    old->taken = false; /* anyone may get it before the release is published */
    block[t->target].taken = true;
    t->in_order = !w->ordered;
    t->phase = REALLOCATED;
}

static void step_on(struct model *m, struct writer *w, uint32_t thread, uint64_t *seed) {
    struct model_thread *t = &m->thread[thread];
    switch (t->phase) {
    case ALLOCATED: /* malloc has returned: draw and publish */
        allocate(m, w, thread, t->address);
        break;
    case FREEING: /* published before: now the real call */
        m->block[t->kind][t->address].taken = false;
        break;
    case REALLOCATING:
        step_real_realloc(m, w, thread, seed);
        return;
    case REALLOCATED:
        queue_end(m, w, thread, EVENT_RELEASE, t->address, t->old_order);
        allocate(m, w, thread, t->target);
        break;
    case IDLE:
        break;
    }
    t->phase = IDLE;
}

/* ---- beginning something ---- */

static void begin_alloc(struct model *m, const struct writer *w, uint32_t thread, uint64_t *seed) {
    struct model_thread *t = &m->thread[thread];
    uint32_t address = random_address(m, t->kind, seed, false);
    if (address == UINT32_MAX)
        return;
    m->block[t->kind][address].taken = true;
    t->in_order = !w->ordered;
    t->phase = ALLOCATED;
    t->address = address;
    t->size = random_size(t->kind, seed);
    t->stack = pick(seed, STACKS);
}

/* Of any thread's block; often its own last one. */
static void begin_free(struct model *m, struct writer *w, uint32_t thread, uint64_t *seed) {
    struct model_thread *t = &m->thread[thread];
    const struct model_block *block = m->block[t->kind];
    uint32_t address = random_address(m, t->kind, seed, true);
    for (uint32_t i = 0; i < ADDRESSES && pick(seed, 2); i++) {
        if (block[i].usable && block[i].id == t->last[t->kind])
            address = i;
    }
    if (address == UINT32_MAX)
        return;
    queue_end(m, w, thread, EVENT_FREE, address, draw_if_needed(w, address));
    model_release(m, thread, address, true);
    t->phase = FREEING;
    t->address = address;
}

static void begin_realloc(struct model *m, struct writer *w, uint32_t thread, uint64_t *seed) {
    struct model_thread *t = &m->thread[thread];
    uint32_t address = random_address(m, t->kind, seed, true);
    if (address == UINT32_MAX)
        return;
    t->phase = REALLOCATING;
    t->address = address;
    t->size = random_size(t->kind, seed);
    t->stack = pick(seed, STACKS);
    t->old_order = t->kind == SITE_PYTHON ? draw_if_needed(w, address) : draw(w, address);
    m->block[t->kind][address].usable = false;
}

/* Of the heap: of what was never allocated. Of the interpreter: of a block that is the heap's. */
static void step_unknown_free(struct model *m, struct writer *w, uint32_t thread, uint64_t *seed) {
    enum site_kind kind = m->thread[thread].kind;
    uint32_t address = random_address(m, kind, seed, false);
    if (address == UINT32_MAX)
        return;
    queue_end(m, w, thread, EVENT_FREE, address, draw_if_needed(w, address));
    if (kind == SITE_HEAP)
        m->unknown++;
}

/* An object is made of a block that the interpreter kept: whoever's it was; some blocks are the heap's. */
static void step_reuse(struct model *m, struct writer *w, uint32_t thread, uint64_t *seed) {
    struct model_thread *t = &m->thread[thread];
    bool is_known = pick(seed, 4) > 0;
    uint32_t address = random_address(m, SITE_PYTHON, seed, is_known);
    if (address == UINT32_MAX)
        return;
    t->kind = SITE_PYTHON;
    t->stack = pick(seed, STACKS);
    t->last[SITE_PYTHON] = 0;
    if (is_known) {
        t->size = m->block[SITE_PYTHON][address].size;
        model_release(m, thread, address, false);
        model_allocate(m, thread, address, w->rings[thread].queued);
    }
    writer_queue(w, thread,
                 event_pack_python(EVENT_PYTHON_REUSED, address_of(address), 0, STACK_FIRST_NODE + t->stack,
                                   draw_if_needed(w, address)));
    m->events++;
}

void step(struct model *m, struct writer *w, uint32_t thread, uint64_t *seed) {
    struct model_thread *t = &m->thread[thread];
    if (t->phase != IDLE) {
        step_on(m, w, thread, seed);
        return;
    }
    t->kind = pick(seed, 3) ? SITE_HEAP : SITE_PYTHON;
    switch (pick(seed, 17)) {
    case 0 ... 5:
        begin_alloc(m, w, thread, seed);
        break;
    case 6 ... 10:
        begin_free(m, w, thread, seed);
        break;
    case 11 ... 12:
        begin_realloc(m, w, thread, seed);
        break;
    case 13:
        step_unknown_free(m, w, thread, seed);
        break;
    case 14:
        step_map(m, w, thread, seed);
        break;
    case 15:
        step_reuse(m, w, thread, seed);
        break;
    default:
        if (pick(seed, 4) == 0) {
            writer_queue_takeover(w, thread);
            t->last[SITE_HEAP] = t->last[SITE_PYTHON] = 0;
        }
    }
}
