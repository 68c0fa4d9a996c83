/* filter.h — what a seccomp filter does with a system call, told before the filter is in force.
 *
 * Runs on the program's stack, asks nothing of the system and allocates nothing.
 */
#ifndef MEMTRACE_SHIM_FILTER_H
#define MEMTRACE_SHIM_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

/* Is there an argument with which the filter neither lets this call through nor merely refuses it? True also
 * where it cannot be told. */
bool filter_may_kill(const struct sock_fprog *filter, int call);

#endif
