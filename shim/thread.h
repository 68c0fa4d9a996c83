/* thread.h — what the shim keeps for each thread: its ring, its stack cache, its guard against recursion.
 *
 * In wipe-on-fork memory: `live` is 0 in a forked child. Never freed by the thread itself (TLS destructors
 * and later code still allocate): a new thread takes over the state of a thread that the kernel says is gone.
 *
 * A signal handler that interrupts the shim works on a state of its own (`nested`), with a ring of its own;
 * the tickets of proto/event.h put the two in order.
 */
#ifndef MEMTRACE_SHIM_THREAD_H
#define MEMTRACE_SHIM_THREAD_H

#include "shim/process.h"
#include "shim/stacks.h"

#define THREAD_LEVELS 4 /* the thread and handlers within handlers */

struct thread {
    uint32_t live;
    uint32_t tid;
    uint64_t busy; /* walk_call of the hook under way; 0: none */

    /* ring, producer side */
    uint64_t head;
    uint64_t tail; /* as last seen */
    uint64_t size;
    struct event *events;
    struct ring *ring;
    const struct control *control;
    uint32_t *order;

    uint32_t clock;  /* last seen */
    uint32_t moment; /* last seen or begun */
    uint64_t moved;  /* bytes allocated since it began one */
    uint32_t epoch;  /* of `cache` */
    uint32_t index;  /* of the ring */
    struct thread *nested;
    struct python_frames *python; /* NULL before the first Python frame */
    struct readable readable;
    struct frames frames; /* of a stack that cannot be remembered */
    struct stack_cache cache;
    struct remembered remembered;
};

/* The calling thread's state, or NULL before its first traced call. */
extern __thread struct thread *thread_self __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Makes a state with a ring for the calling thread. NULL: no room; counted as lost. */
struct thread *thread_create(uint32_t level);

#endif
