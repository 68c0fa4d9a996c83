/* steps.h — a random program: what its threads do next, in the model and as events. */
#ifndef MEMTRACE_TEST_ORDER_STEPS_H
#define MEMTRACE_TEST_ORDER_STEPS_H

#include "test/native/order/model.h"

/* One step of a thread: it begins something, or goes on with what it is in the middle of. */
void step(struct model *m, struct writer *w, uint32_t thread, uint64_t *seed);

#endif
