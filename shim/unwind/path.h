/* path.h — how a walk once got from a leaf to a frame that was remembered already, to be gone again without
 * a rule.
 *
 * A program allocates by turns in a few functions above the same callers: their frames replace each other
 * among the remembered ones (remember.h), and each would be walked by rules again and again. A path keeps
 * what such a walk read. Exact for the same reason: a walk is a function of the registers that it begins with
 * and of the memory that it reads. Same registers, same memory, same frames; it ends in a state that is
 * looked up among the remembered frames like any other.
 */
#ifndef MEMTRACE_SHIM_PATH_H
#define MEMTRACE_SHIM_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/platform/arch.h"
#include "shim/unwind/key.h"

#define PATH_SETS_LOG2 7
#define PATH_WAYS      2 /* of a set: from one leaf the way leads to different callers */
#define PATH_READS     10

struct path {
    _Alignas(64) struct registers leaf; /* pc 0: none */
    struct place end;                   /* of the joined frame */
    uintptr_t end_fp;
    struct stack_key outer; /* of the frames from the root to the joined frame */
    struct stack_key key;   /* … to the leaf */
    uint32_t stack;         /* … to the leaf, 0: not looked up yet */
    uint16_t join;          /* the number of the remembered frame that it leads to … */
    uint8_t frames;         /* … and how many frames lie inside it */
    uint8_t reads;
    bool leaf_needs_fp;
    uint8_t call[PATH_READS]; /* which of the reads is a frame's return address, innermost first */
    /* What the walk read, in its order: of each frame, innermost first, its saved frame pointer if it is
     * needed further out, and its return address. */
    struct path_read {
        uintptr_t slot;
        uintptr_t value;
    } read[PATH_READS];
};

struct path_set {
    struct path way[PATH_WAYS];
};

INLINE struct path_set *path_set_of(struct path_set *sets, const struct registers *leaf) {
    uint64_t hash = (leaf->pc ^ leaf->sp << 20) * UINT64_C(0x9e3779b97f4a7c15);
    return &sets[hash >> (64 - PATH_SETS_LOG2)];
}

INLINE bool path_begins(const struct path *p, const struct registers *leaf) {
    return p->leaf.pc == leaf->pc && p->leaf.sp == leaf->sp && (!p->leaf_needs_fp || p->leaf.fp == leaf->fp);
}

/* Do the slots hold what they held? Of a path that begins with these registers and by the same rules: then
 * where a slot lies follows from what held before it, and it is on the stack being walked. */
INLINE bool path_holds(const struct path *p) {
    for (uint32_t i = 0; i < p->reads; i++)
        if (*(const uintptr_t *)p->read[i].slot != p->read[i].value)
            return false;
    return true;
}

/* The pc of the frame that many frames outside the leaf. */
INLINE uintptr_t path_pc(const struct path *p, uint32_t i) {
    return i ? arch_code_address(p->read[p->call[i - 1]].value) : p->leaf.pc;
}

#endif
