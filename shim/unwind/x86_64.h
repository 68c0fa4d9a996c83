/* x86_64.h — registers and one unwinding step on x86-64. Twin: aarch64.h. */
#ifndef MEMTRACE_SHIM_UNWIND_ARCH_H
#define MEMTRACE_SHIM_UNWIND_ARCH_H

#include "shim/unwind/readable.h"
#include "shim/unwind/rules.h"

struct registers {
    uintptr_t pc;
    uintptr_t sp;
    uintptr_t fp; /* rbp */
};

/* The frame record of a hook: what its prologue pushed and what the call pushed. The registers that its
 * caller had just after the call returned follow from it. Handed on by address: three words by value would go
 * through memory, and their mix of widths would stall on store forwarding. */
struct caller {
    uintptr_t fp;
    uintptr_t pc;
};

/* Of the function in whose body this stands; it must have a frame pointer. */
#define CALLER() ((const struct caller *)__builtin_frame_address(0))

INLINE uintptr_t caller_sp(const struct caller *caller) {
    return (uintptr_t)(caller + 1);
}
INLINE uintptr_t caller_pc(const struct caller *caller) {
    return caller->pc;
}
INLINE struct registers caller_registers(const struct caller *caller) {
    return (struct registers){.pc = caller->pc, .sp = caller_sp(caller), .fp = caller->fp};
}

/* Where the pc of a frame was read: a call pushes it, so that the frame's sp follows. */
struct place {
    uintptr_t slot;
};
INLINE struct place place_at(const struct registers *r) {
    return (struct place){r->sp - sizeof(uintptr_t)};
}
INLINE bool place_is(struct place place, const struct registers *r) {
    return place.slot == r->sp - sizeof(uintptr_t);
}
INLINE uintptr_t place_sp(struct place place) {
    return place.slot + sizeof(uintptr_t);
}
INLINE bool place_holds(struct place place, uintptr_t pc) {
    return *(const uintptr_t *)place.slot == pc;
}
INLINE struct registers place_registers(struct place place, uintptr_t pc, uintptr_t fp) {
    return (struct registers){.pc = pc, .sp = place_sp(place), .fp = fp};
}

/* Of a rule (rules.h):
 *   bits  0..18  CFA offset in words, signed
 *   bits 19..24  where rbp is saved: CFA - 8n, 0 = not saved */
#define RULE_WORDS_BITS 19
#define RULE_SLOT_SHIFT 19
#define RULE_SLOT_MASK  0x3f

INLINE int64_t rule_cfa_offset(uint64_t rule) {
    return ((int64_t)(rule << (64 - RULE_WORDS_BITS)) >> (64 - RULE_WORDS_BITS)) * 8;
}
INLINE uint64_t rule_slot(uint64_t rule) {
    return rule >> RULE_SLOT_SHIFT & RULE_SLOT_MASK;
}

/* For full.h, by DWARF number (System V x86-64 psABI, figure 3.36): rax rdx rcx rbx rsi rdi rbp rsp r8 … r15,
 * return address. */
#define ARCH_REGISTERS 17
#define ARCH_FP        6
#define ARCH_SP        7

INLINE struct registers arch_registers(uintptr_t pc, uintptr_t sp, uintptr_t fp) {
    return (struct registers){.pc = pc, .sp = sp, .fp = fp};
}
/* Are all of them known? */
INLINE bool arch_registers_hold(const struct registers *r) {
    return r != NULL;
}
INLINE uintptr_t arch_code_address(uintptr_t return_address) {
    return return_address;
}
/* After a step to a caller: the return address column is its pc. */
#define arch_note_return(full) ((void)(full))

/* The registers of this very place, in the function that stands here: those it must keep for its caller. */
#define ARCH_CAPTURE(full)                                                                                   \
    do {                                                                                                     \
        (full)->known = 1 << 3 | 1 << 6 | 1 << 7 | 0xf << 12 | 1 << 16;                                      \
        __asm__ volatile("movq %%rbx, 24(%0)\n"                                                              \
                         "movq %%rbp, 48(%0)\n"                                                              \
                         "movq %%rsp, 56(%0)\n"                                                              \
                         "movq %%r12, 96(%0)\n"                                                              \
                         "movq %%r13, 104(%0)\n"                                                             \
                         "movq %%r14, 112(%0)\n"                                                             \
                         "movq %%r15, 120(%0)\n"                                                             \
                         "leaq 1f(%%rip), %%rax\n"                                                           \
                         "movq %%rax, 128(%0)\n"                                                             \
                         "1:\n"                                                                              \
                         :                                                                                   \
                         : "r"((full)->value)                                                                \
                         : "rax", "memory");                                                                 \
        (full)->pc = (full)->value[16];                                                                      \
        (full)->exact = true;                                                                                \
    } while (0)

/* Offsets of the interrupted registers from the sp of a frame returning into the kernel's signal trampoline:
 * struct rt_sigframe without the popped return address = ucontext_t, uc_mcontext.gregs at 40. */
#define SIGFRAME_R8    40 /* r8 … r15 rdi rsi rbp rbx rdx rax rcx rsp rip */
#define SIGFRAME_FP    120
#define SIGFRAME_SP    160
#define SIGFRAME_PC    168
#define SIGFRAME_BYTES 176

enum step unwind_step_rare(uint64_t rule, struct registers *r, struct readable *range);
enum step unwind_step_noted_rare(uint64_t rule, struct registers *r, struct readable *range,
                                 uintptr_t *restore, uintptr_t *holder);

/* The rare steps work on a copy: registers whose address is handed out would live in memory in the hot loop.
 */
INLINE enum step unwind_step_elsewhere(uint64_t rule, struct registers *r, struct readable *range) {
    struct registers copy = *r;
    enum step step = unwind_step_rare(rule, &copy, range);
    *r = copy;
    return step;
}
INLINE enum step unwind_step_noted_elsewhere(uint64_t rule, struct registers *r, struct readable *range,
                                             uintptr_t *restore, uintptr_t *holder) {
    struct registers copy = *r;
    enum step step = unwind_step_noted_rare(rule, &copy, range, restore, holder);
    *r = copy;
    return step;
}

/*   sp rule:  cfa = sp + off          fp rule:  cfa = fp + off
 *   pc' = *(cfa - 8)   sp' = cfa      fp' = slot ? *(cfa - 8 slot) : fp
 * A frame that is not found above the one inside it is rare, too: elsewhere.h. */
INLINE enum step unwind_step(uint64_t rule, struct registers *r, struct readable *range) {
    enum rule_kind kind = rule_kind(rule);
    uintptr_t cfa;
    if (likely(kind == RULE_SP))
        cfa = r->sp + (uintptr_t)rule_cfa_offset(rule);
    else if (kind == RULE_FP)
        cfa = r->fp + (uintptr_t)rule_cfa_offset(rule);
    else
        return unwind_step_elsewhere(rule, r, range);
    if (unlikely(cfa <= r->sp || (cfa & 7) || !readable_until(range, cfa)))
        return unwind_step_elsewhere(rule, r, range);
    uint64_t slot = rule_slot(rule);
    if (slot)
        r->fp = *(uintptr_t *)(cfa - 8 * slot);
    r->pc = *(uintptr_t *)(cfa - 8);
    r->sp = cfa;
    return likely(r->pc) ? STEP_CALLED : STEP_END;
}

/* The same step, noting what it read beside the return address: `restore` gets the slot of the frame pointer
 * with the flags of remember.h, `holder` (HAS_HOLDER) the slot of the CFA. */
INLINE enum step unwind_step_noted(uint64_t rule, struct registers *r, struct readable *range,
                                   uintptr_t *restore, uintptr_t *holder) {
    enum rule_kind kind = rule_kind(rule);
    uintptr_t cfa, note = 0;
    if (likely(kind == RULE_SP)) {
        cfa = r->sp + (uintptr_t)rule_cfa_offset(rule);
    } else if (kind == RULE_FP) {
        cfa = r->fp + (uintptr_t)rule_cfa_offset(rule);
        note = 1; /* USES_FP */
    } else {
        return unwind_step_noted_elsewhere(rule, r, range, restore, holder);
    }
    if (unlikely(cfa <= r->sp || (cfa & 7) || !readable_until(range, cfa)))
        return unwind_step_noted_elsewhere(rule, r, range, restore, holder);
    uint64_t slot = rule_slot(rule);
    if (slot) {
        uintptr_t at = cfa - 8 * slot;
        note |= at;
        r->fp = *(uintptr_t *)at;
    }
    *restore = note;
    r->pc = *(uintptr_t *)(cfa - 8);
    r->sp = cfa;
    /* A zero return address ends a stack by memory that is not noted: such a stack is not remembered. */
    return likely(r->pc) ? STEP_CALLED : STEP_CUT;
}

#endif
