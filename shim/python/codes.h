/* codes.h — which record (records.h) stands for a code object that a frame names.
 *
 * Addresses of code objects are used again: codes_forget, called for every block that the interpreter frees,
 * ends what an address stands for and bumps the epoch, upon which threads drop what they remember.
 *
 * One thread has the table at a time; another waits for a moment only, for the owner may have been stopped.
 * Without the table a record is made anew, which must not be remembered: nobody tells when its object dies.
 * A thread without the GIL may allocate, and so read its own frames, at any time.
 *
 * All of it is called between trace_enter and trace_leave, and never from a signal handler's state: that a
 * thread finds itself the owner means that a handler left for good in the middle.
 */
#ifndef MEMTRACE_SHIM_PYTHON_CODES_H
#define MEMTRACE_SHIM_PYTHON_CODES_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/python/records.h"
#include "shim/thread.h"

#define CODES_NOT_CODE    UINT32_C(0xffffffff) /* the frame runs something else */
#define CODES_FILTER_LOG2 20                   /* bits */
#define CODES_START_SLOTS (UINT32_C(1) << 10)

/* In wipe-on-fork memory, as the segment it belongs to. */
struct codes {
    uint32_t epoch;
    uint32_t missed;      /* 1: a block was freed by who did not get the table, which is void by that */
    struct thread *owner; /* who has what follows the filter; NULL: nobody */

    /* By address, for blocks that were never a code object. Neighbours lie together: what is freed next is
     * mostly near, and few pages are touched. */
    uint64_t filter[1u << (CODES_FILTER_LOG2 - 6)];

    uint32_t used;  /* slots, with those of the dead */
    uint32_t slots; /* a power of two, or 0 */
    struct code_slot {
        uintptr_t address; /* 0: free */
        uint32_t id;       /* 0: the object was freed */
    } * slot;
    struct records records;
};

/* The record of the code object of a running frame, RECORD_NONE where there is no room for it, and
 * CODES_NOT_CODE. `*kept` becomes false where the answer must not be remembered. */
uint32_t codes_id(struct thread *t, uintptr_t code, bool *kept);

/* 0 while there is no table. */
INLINE uint32_t codes_epoch(void) {
    const struct codes *codes = load_acquire(&process->codes);
    return codes ? load_acquire(&codes->epoch) : 0;
}

INLINE uint64_t codes_filter_bit(uintptr_t address) {
    return address >> 4 & ((UINT64_C(1) << CODES_FILTER_LOG2) - 1);
}
void codes_forget_slow(struct thread *t, struct codes *codes, uintptr_t address);

INLINE bool codes_filter_has(const struct codes *codes, uintptr_t address) {
    uint64_t bit = codes_filter_bit(address);
    return codes && load_relaxed(&codes->filter[bit / 64]) >> bit % 64 & 1;
}
/* NULL: there is none. Asked once for each use: a signal handler may fork, and the child has none. */
INLINE struct codes *codes_now(void) {
    return process ? load_acquire(&process->codes) : NULL;
}

/* False: the block was never a code object. */
INLINE bool codes_may_have(uintptr_t address) {
    return codes_filter_has(codes_now(), address);
}

/* The interpreter is about to free this block; it may be a code object. Who is NULL or a signal handler's
 * state does not get the table. */
INLINE void codes_forget(struct thread *t, uintptr_t address) {
    struct codes *codes = codes_now();
    if (unlikely(codes_filter_has(codes, address)))
        codes_forget_slow(t, codes, address);
}

#endif
