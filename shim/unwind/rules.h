/* rules.h — the unwind rule of each pc, compiled from call frame information on first sight and kept.
 *
 * A rule is 64 bits, read and written whole, so that readers need no lock and cannot see half of one:
 *
 *   bits  0..24  offsets, as the architecture needs them: x86_64.h, aarch64.h
 *   bits 25..27  enum rule_kind
 *   bits 28..63  tag: with the bucket's number it is the pc, exactly (the hash is a bijection)
 *
 * Buckets are one cache line of 8 rules and are filled before any rule is evicted: a direct-mapped table of
 * the same size rebuilds rules all the time on large programs.
 */
#ifndef MEMTRACE_SHIM_RULES_H
#define MEMTRACE_SHIM_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/util.h"

enum rule_kind {
    RULE_SP = 1,     /* cfa = sp + offset */
    RULE_FP,         /* cfa = fp + offset */
    RULE_DRAP,       /* x86-64: cfa = *(fp + offset); fp' = *fp: a realigned frame */
    RULE_END,        /* the outermost frame */
    RULE_SIGNAL,     /* the caller was interrupted: its registers are in the signal frame */
    RULE_NO_INFO,    /* nothing is known of this pc: try the frame pointer */
    RULE_UNSUPPORTED /* information that does not fit a rule: full.h */
};

/* What a step by a rule came to. */
enum step {
    STEP_CALLED,      /* registers are the caller's; pc is a return address */
    STEP_INTERRUPTED, /* registers are those of the interrupted code; pc is exact */
    STEP_END,         /* that was the outermost frame */
    STEP_BEYOND,      /* more registers are needed than these: full.h */
    STEP_CUT          /* it cannot be known who called */
};

#define RULE_KIND_SHIFT    25
#define RULE_TAG_SHIFT     28
#define RULES_BUCKETS_LOG2 12
#define RULES_PER_BUCKET   8
#define RULES_KEY_BITS     48

INLINE enum rule_kind rule_kind(uint64_t rule) {
    return (enum rule_kind)(rule >> RULE_KIND_SHIFT & 7);
}
/* A rule of a kind that has no offsets, without its tag. */
INLINE uint64_t rule_of_kind(enum rule_kind kind) {
    return (uint64_t)kind << RULE_KIND_SHIFT;
}

/* Compiles the rule of the instruction at `pc`, without its tag. Per architecture: x86_64.c … */
uint64_t rule_compile(uintptr_t pc);

extern uint64_t rules_table[1u << RULES_BUCKETS_LOG2][RULES_PER_BUCKET];
uint64_t rules_add(uint64_t key, uint64_t hash);
/* Forgets all rules: a module was unloaded, its addresses may come to mean something else. */
void rules_clear(void);
/* Is told of each pc before its rule is compiled; may clear all rules. NULL: nobody is. */
extern void (*rules_at_new_pc)(uintptr_t pc);

INLINE uint64_t rules_hash(uint64_t key) {
    return (key * UINT64_C(0x5851f42d4c957f2d)) & ((UINT64_C(1) << RULES_KEY_BITS) - 1);
}
INLINE uint64_t rules_tag(uint64_t hash) {
    return hash & ((UINT64_C(1) << (RULES_KEY_BITS - RULES_BUCKETS_LOG2)) - 1);
}

/* The rule for a frame whose instruction lies at key - 1: for a return address the key is the address itself,
 * for an interrupted instruction one more. */
INLINE uint64_t rules_get(uint64_t key) {
    uint64_t hash = rules_hash(key), tag = rules_tag(hash);
    uint64_t rule =
        load_relaxed(&rules_table[hash >> (RULES_KEY_BITS - RULES_BUCKETS_LOG2)][tag % RULES_PER_BUCKET]);
    return likely(rule >> RULE_TAG_SHIFT == tag && rule) ? rule : rules_add(key, hash);
}

#endif
