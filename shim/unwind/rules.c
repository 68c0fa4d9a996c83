/* rules.c — the table of unwind rules. Layout and reasons: rules.h. Lock-free; any thread, any signal
 * handler. */
#include "shim/unwind/rules.h"

_Alignas(64) uint64_t rules_table[1u << RULES_BUCKETS_LOG2][RULES_PER_BUCKET];

void (*rules_at_new_pc)(uintptr_t pc);

_Static_assert(RULES_KEY_BITS - RULES_BUCKETS_LOG2 == 64 - RULE_TAG_SHIFT,
               "tag and bucket give the key back");

NOINLINE uint64_t rules_add(uint64_t key, uint64_t hash) {
    uint64_t *bucket = rules_table[hash >> (RULES_KEY_BITS - RULES_BUCKETS_LOG2)];
    uint64_t tag = rules_tag(hash);
    unsigned first = tag % RULES_PER_BUCKET, victim = first;
    for (unsigned i = 0; i < RULES_PER_BUCKET; i++) {
        unsigned at = (first + i) % RULES_PER_BUCKET;
        uint64_t rule = load_relaxed(&bucket[at]);
        if (rule && rule >> RULE_TAG_SHIFT == tag)
            return rule;
        if (!rule) {
            victim = at;
            break;
        }
    }
    if (rules_at_new_pc)
        rules_at_new_pc(key - 1);
    uint64_t rule = rule_compile(key - 1) | tag << RULE_TAG_SHIFT;
    store_relaxed(&bucket[victim], rule);
    return rule;
}

void rules_clear(void) {
    for (unsigned i = 0; i < 1u << RULES_BUCKETS_LOG2; i++)
        for (unsigned j = 0; j < RULES_PER_BUCKET; j++)
            store_relaxed(&rules_table[i][j], 0);
}
