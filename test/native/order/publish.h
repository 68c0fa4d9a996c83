/* publish.h — lets the core read what was queued, ring by ring in random portions, and notes when.
 *
 * A block is born between the publishing of its allocation and the end of the first round after that.
 */
#ifndef MEMTRACE_TEST_ORDER_PUBLISH_H
#define MEMTRACE_TEST_ORDER_PUBLISH_H

#include "test/native/order/model.h"

/* Of each event of a ring: when it was published, and when the first round after that was over. */
struct moments {
    uint64_t *published_ns, *read_ns;
    uint32_t read; /* events that have a time of reading */
};

void moments_open(struct moments times[THREADS], const struct writer *w);
void moments_close(struct moments times[THREADS]);
void publish_in_random_order(struct writer *w, struct stage *stage, struct moments times[THREADS],
                             uint64_t *seed);

#endif
