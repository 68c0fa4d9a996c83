/* key.h — a stack's identity as a hash that grows frame by frame, from the root to the leaf.
 *
 * 128 bits in two lanes of different mixing: that two different stacks of one process share a key is not
 * expected within the life of the machine, which is what "never" means here.
 */
#ifndef MEMTRACE_SHIM_KEY_H
#define MEMTRACE_SHIM_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/util.h"

struct stack_key {
    uint64_t low;
    uint64_t high;
};

INLINE bool key_is(struct stack_key key, struct stack_key other) {
    return key.low == other.low && key.high == other.high;
}

INLINE struct stack_key key_extend(struct stack_key key, uint64_t pc) {
    uint64_t low = (key.low ^ pc) * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t high = (key.high + pc) * UINT64_C(0xd6e8feb86659fd93);
    return (struct stack_key){low ^ low >> 29, high ^ high >> 32};
}

/* The key that stacks of this kind begin with. */
INLINE struct stack_key key_seed(uint32_t epoch, int truncated) {
    return (struct stack_key){UINT64_C(0x9ae16a3b2f90404f) + epoch,
                              UINT64_C(0xc949d7c7509e6557) + (uint64_t)truncated};
}

/* Spreads the key's bits over the word by which tables are addressed; never 0. */
INLINE uint64_t key_hash(struct stack_key key) {
    return (key.low ^ key.high >> 32) * UINT64_C(0xd6e8feb86659fd93) | 1;
}

#endif
