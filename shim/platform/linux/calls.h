/* calls.h — the numbers of the shim's own system calls: CALL_openat and so on. Not <sys/syscall.h> beside it:
 * a call that is not in calls.def must not compile. */
#ifndef MEMTRACE_SHIM_CALLS_H
#define MEMTRACE_SHIM_CALLS_H

#include <asm/unistd.h>

enum own_call {
#define CALL(name) CALL_##name = __NR_##name,
#include "shim/platform/linux/calls.def"
#undef CALL
};

#endif
