/* codes.h — the code objects that frames name, each recorded once in the segment (proto/segment.h).
 *
 * A record is made when a frame of a code object is first seen and holds all that is needed to name its lines
 * later, when the object is long gone. Addresses of code objects are used again: codes_forget, called for
 * every block that the interpreter frees, ends what an address stands for and bumps the epoch, upon which
 * threads drop what they remember. Equal code objects (a module executed again and again) share one record.
 *
 * Lock-free: a thread without the GIL may allocate, and so read its own frames, at any time.
 */
#ifndef MEMTRACE_SHIM_PYTHON_CODES_H
#define MEMTRACE_SHIM_PYTHON_CODES_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/process.h"

#define CODES_NONE     UINT32_C(0)          /* there is no room to record it */
#define CODES_NOT_CODE UINT32_C(0xffffffff) /* the frame runs something else */

#define CODES_SLOTS_LOG2    17
#define CODES_FILTER_LOG2   20 /* bits */
#define CODES_CONTENTS_LOG2 16
#define CODES_FILES_LOG2    10

/* In wipe-on-fork memory, as the segment it belongs to. */
struct codes {
    uint32_t epoch;
    uint32_t used; /* slots */
    uint64_t filter[1u << (CODES_FILTER_LOG2 - 6)];
    struct code_slot {
        uintptr_t address;
        uint32_t id; /* 0: the object was freed, or its record is being written */
    } slot[1u << CODES_SLOTS_LOG2];
    /* Records by content and file names by content, the last one of each hash. */
    uint32_t contents[1u << CODES_CONTENTS_LOG2];
    struct code_file {
        uint32_t offset;
        uint32_t bytes;
    } files[1u << CODES_FILES_LOG2];
};

/* The record of a live code object. */
uint32_t codes_id(uintptr_t code);

/* 0 while there is no table. */
INLINE uint32_t codes_epoch(void) {
    const struct codes *codes = load_acquire(&process->codes);
    return codes ? load_acquire(&codes->epoch) : 0;
}

INLINE uint64_t codes_hash(uintptr_t address) {
    return (address >> 4) * UINT64_C(0x9e3779b97f4a7c15);
}
void codes_forget_slow(struct codes *codes, uintptr_t address);

/* The interpreter is about to free this block; it may be a code object. */
INLINE void codes_forget(uintptr_t address) {
    struct codes *codes = process ? load_acquire(&process->codes) : NULL;
    if (!codes)
        return;
    uint64_t bit = codes_hash(address) >> (64 - CODES_FILTER_LOG2);
    if (unlikely(load_relaxed(&codes->filter[bit / 64]) >> bit % 64 & 1))
        codes_forget_slow(codes, address);
}

#endif
