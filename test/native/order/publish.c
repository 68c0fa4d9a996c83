/* publish.c — see publish.h. */
#include "test/native/order/publish.h"

void moments_open(struct moments times[THREADS], const struct writer *w) {
    for (uint32_t ring = 0; ring < THREADS; ring++) {
        times[ring].published_ns = calloc(w->rings[ring].queued + 1, sizeof(uint64_t));
        times[ring].read_ns = calloc(w->rings[ring].queued + 1, sizeof(uint64_t));
        times[ring].read = 0;
    }
}

void moments_close(struct moments times[THREADS]) {
    for (uint32_t ring = 0; ring < THREADS; ring++) {
        free(times[ring].published_ns);
        free(times[ring].read_ns);
    }
}

static uint64_t now_ns(void) {
    return session_ns_at(monotonic_us()); /* as the core sees it */
}

static void note_read(struct moments times[THREADS], const struct writer *w) {
    uint64_t now = now_ns();
    for (uint32_t ring = 0; ring < THREADS; ring++)
        while (times[ring].read < w->rings[ring].published)
            times[ring].read_ns[times[ring].read++] = now;
}

void publish_in_random_order(struct writer *w, struct stage *stage, struct moments times[THREADS],
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
