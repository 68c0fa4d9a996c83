/* util.h — the few words that every file of the shim uses. */
#ifndef MEMTRACE_SHIM_UTIL_H
#define MEMTRACE_SHIM_UTIL_H

#include <stddef.h>
#include <stdint.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define EXPORT      __attribute__((visibility("default")))
#define NOINLINE    __attribute__((noinline))
#define INLINE      static inline __attribute__((always_inline))

/* Orders memory against a signal handler of the same thread, not against other threads. */
#define signal_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)

#define load_relaxed(p)     __atomic_load_n(p, __ATOMIC_RELAXED)
#define load_acquire(p)     __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store_relaxed(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

#endif
