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

/* The registers of the caller of the function in whose body this stands, just after its call returned. The
 * function must have a frame pointer: rbp -> saved rbp, return address. */
#define CALLER_REGISTERS()                                                                                   \
    ((struct registers){.pc = ((uintptr_t *)__builtin_frame_address(0))[1],                                  \
                        .sp = (uintptr_t)__builtin_frame_address(0) + 16,                                    \
                        .fp = ((uintptr_t *)__builtin_frame_address(0))[0]})

enum step {
    STEP_CALLED,      /* registers are the caller's; pc is a return address */
    STEP_INTERRUPTED, /* registers are those of the interrupted code; pc is exact */
    STEP_END,         /* that was the outermost frame */
    STEP_CUT          /* it cannot be known who called */
};

/* Offsets of the interrupted registers from the sp of a frame returning into the kernel's signal trampoline:
 * struct rt_sigframe without the popped return address = ucontext_t, uc_mcontext.gregs at 40. */
#define SIGFRAME_FP    120
#define SIGFRAME_SP    160
#define SIGFRAME_PC    168
#define SIGFRAME_BYTES 176

enum step unwind_step_rare(uint64_t rule, struct registers *r, struct readable *range);
enum step unwind_step_noted_rare(uint64_t rule, struct registers *r, struct readable *range,
                                 uintptr_t *restore, uintptr_t *holder);

/*   sp rule:  cfa = sp + off          fp rule:  cfa = fp + off
 *   pc' = *(cfa - 8)   sp' = cfa      fp' = slot ? *(cfa - 8 slot) : fp          */
INLINE enum step unwind_step(uint64_t rule, struct registers *r, struct readable *range) {
    enum rule_kind kind = rule_kind(rule);
    uintptr_t cfa;
    if (likely(kind == RULE_SP))
        cfa = r->sp + (uintptr_t)rule_cfa_offset(rule);
    else if (kind == RULE_FP)
        cfa = r->fp + (uintptr_t)rule_cfa_offset(rule);
    else
        return unwind_step_rare(rule, r, range);
    if (unlikely(cfa <= r->sp || (cfa & 7) || !readable_until(range, cfa)))
        return STEP_CUT;
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
        return unwind_step_noted_rare(rule, r, range, restore, holder);
    }
    if (unlikely(cfa <= r->sp || (cfa & 7) || !readable_until(range, cfa)))
        return STEP_CUT;
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
