/* compare.h — holds what the core counted against the model. A difference ends the test. */
#ifndef MEMTRACE_TEST_ORDER_COMPARE_H
#define MEMTRACE_TEST_ORDER_COMPARE_H

#include "test/native/order/publish.h"

void compare(struct stage *stage, struct model *m, const struct moments times[THREADS]);

#endif
