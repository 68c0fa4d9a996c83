/* model.c — see model.h. */
#include "test/native/order/model.h"

uint64_t address_of(uint32_t index) {
    static const uint64_t bases[] = {UINT64_C(0x555500001000), UINT64_C(0x555500001008),
                                     UINT64_C(0x555500001018), UINT64_C(0x7ffff0000010),
                                     UINT64_C(0x10),           UINT64_C(0x400000000000)};
    return bases[index % 6] + (index / 6) * (index % 6 == 3 ? UINT64_C(0x4000000) : 32);
}

void model_allocate(struct model *m, uint32_t thread, uint32_t address, uint32_t position) {
    struct model_thread *t = &m->thread[thread];
    struct model_block *b = &m->block[t->kind][address];
    *b = (struct model_block){true, true, ++m->last_id, t->size, t->stack, thread, position};
    struct counts *site = &m->counts[t->kind][t->stack];
    site->live_bytes += t->size, site->live_blocks++, site->total_bytes += t->size, site->total_blocks++;
    t->last[t->kind] = b->id;
}

void model_release(struct model *m, uint32_t thread, uint32_t address, bool is_free) {
    struct model_thread *t = &m->thread[thread];
    struct model_block *b = &m->block[t->kind][address];
    struct counts *site = &m->counts[t->kind][b->stack];
    uint64_t *last = &t->last[t->kind];
    site->live_bytes -= b->size, site->live_blocks--;
    if (t->kind == SITE_HEAP)
        m->frees++;
    if (is_free && *last == b->id)
        site->temporary++;
    if (*last == b->id)
        *last = 0;
    b->usable = false;
}

void model_map(struct model *m, uint32_t first, uint32_t end, uint32_t stack) {
    struct counts *site = &m->counts[SITE_MMAP][stack];
    uint64_t bytes = (end - first) * PAGE;
    model_unmap(m, first, end);
    m->last_piece++;
    for (uint32_t p = first; p < end; p++)
        m->page_piece[p] = m->last_piece, m->page_stack[p] = stack;
    site->live_bytes += bytes, site->total_bytes += bytes, site->total_blocks++;
}

void model_unmap(struct model *m, uint32_t first, uint32_t end) {
    uint32_t after = end < PAGES ? m->page_piece[end] : 0;
    bool split = after && first > 0 && m->page_piece[first - 1] == after;
    for (uint32_t p = first; p < end; p++) {
        if (m->page_piece[p])
            m->counts[SITE_MMAP][m->page_stack[p]].live_bytes -= PAGE;
        m->page_piece[p] = 0;
    }
    if (!split)
        return;
    m->last_piece++;
    for (uint32_t p = end; p < PAGES && m->page_piece[p] == after; p++)
        m->page_piece[p] = m->last_piece;
}

void model_count_pieces(struct model *m) {
    for (uint32_t p = 0; p < PAGES; p++) {
        if (m->page_piece[p] && (p == 0 || m->page_piece[p - 1] != m->page_piece[p]))
            m->counts[SITE_MMAP][m->page_stack[p]].live_blocks++;
    }
}
