/* aarch64.h — registers and one unwinding step on AArch64. Twin: x86_64.h.
 *
 * A call leaves the return address in x30. A function that calls others saves it somewhere in its frame, with
 * x29 before it as a frame record; a leaf may leave it where it is, which matters where it is interrupted.
 * Where a saved return address is signed (pointer authentication), the code is stripped from it.
 */
#ifndef MEMTRACE_SHIM_UNWIND_ARCH_H
#define MEMTRACE_SHIM_UNWIND_ARCH_H

#include "shim/unwind/elsewhere.h"
#include "shim/unwind/readable.h"
#include "shim/unwind/rules.h"

struct registers {
    uintptr_t pc; /* stripped */
    uintptr_t sp;
    uintptr_t fp;   /* x29 */
    uintptr_t slot; /* where pc was read */
    uintptr_t lr;   /* x30 of interrupted code; 0 after a call, which has overwritten it */
    bool sp_is_guess;
};

/* An address without its authentication code: xpaclri, which older processors take for a nop. */
INLINE uintptr_t arch_code_address(uintptr_t return_address) {
    register uintptr_t x30 __asm__("x30") = return_address;
    __asm__("hint #7" : "+r"(x30));
    return x30;
}

/* What a hook knows of its caller: its own frame record, and where its own frame ends. */
struct caller {
    const uintptr_t *record; /* {x29, x30} of the caller */
    uintptr_t sp;
};

/* Of the function in whose body this stands; it must have a frame pointer. */
#define CALLER()                                                                                             \
    (&(const struct caller){(const uintptr_t *)__builtin_frame_address(0), (uintptr_t)__builtin_dwarf_cfa()})

INLINE uintptr_t caller_sp(const struct caller *caller) {
    return caller->sp;
}
INLINE uintptr_t caller_pc(const struct caller *caller) {
    return arch_code_address(caller->record[1]);
}
INLINE struct registers caller_registers(const struct caller *caller) {
    return (struct registers){.pc = caller_pc(caller),
                              .sp = caller->sp,
                              .fp = caller->record[0],
                              .slot = (uintptr_t)&caller->record[1]};
}

/* Where the pc of a frame was read, and the frame's sp, which does not follow from it. */
struct place {
    uintptr_t slot;
    uintptr_t sp;
};
INLINE struct place place_at(const struct registers *r) {
    return (struct place){r->slot, r->sp};
}
INLINE bool place_is(struct place place, const struct registers *r) {
    return place.slot == r->slot && place.sp == r->sp;
}
INLINE uintptr_t place_sp(struct place place) {
    return place.sp;
}
INLINE bool place_holds(struct place place, uintptr_t pc) {
    return arch_code_address(*(const uintptr_t *)place.slot) == pc;
}
INLINE struct registers place_registers(struct place place, uintptr_t pc, uintptr_t fp) {
    return (struct registers){.pc = pc, .sp = place.sp, .fp = fp, .slot = place.slot};
}

/* Of a rule (rules.h); sp moves by 16, and a frame record lies at either end of a frame:
 *   bits  0..12  CFA offset in units of 16 bytes
 *   bits 13..18  where x30 is saved,  bits 19..24  where x29 is:
 *                0 = nowhere; 1 … 31: base + 8(n - 1); 32 … 63: CFA - 8(n - 31)
 * where base is the register that the CFA is found by. */
#define RULE_UNITS_MASK UINT64_C(0x1fff)
#define RULE_LR_SHIFT   13
#define RULE_FP_SHIFT   19
#define RULE_SLOT_MASK  0x3f
#define RULE_SLOT_TOP   31

INLINE uintptr_t rule_slot_address(uint64_t code, uintptr_t base, uintptr_t cfa) {
    return code <= RULE_SLOT_TOP ? base + 8 * (code - 1) : cfa - 8 * (code - RULE_SLOT_TOP);
}

/* For full.h, by DWARF number: x0 … x30, sp. */
#define ARCH_REGISTERS 32
#define ARCH_FP        29
#define ARCH_SP        31
#define ARCH_LR        30

INLINE struct registers arch_registers(uintptr_t pc, uintptr_t sp, uintptr_t fp) {
    return (struct registers){.pc = pc, .sp = sp, .fp = fp};
}
/* Are all of them known? */
INLINE bool arch_registers_hold(const struct registers *r) {
    return !r->sp_is_guess;
}
/* After a step to a caller: the call has overwritten x30. */
#define arch_note_return(full) ((void)((full)->known &= ~(UINT64_C(1) << ARCH_LR)))

/* The registers of this very place, in the function that stands here: those it must keep for its caller. */
#define ARCH_CAPTURE(full)                                                                                   \
    do {                                                                                                     \
        (full)->known = UINT64_C(0x7ff) << 19 | UINT64_C(1) << ARCH_LR | UINT64_C(1) << ARCH_SP;             \
        uintptr_t here, sp;                                                                                  \
        __asm__ volatile("stp x19, x20, [%2, #152]\n"                                                        \
                         "stp x21, x22, [%2, #168]\n"                                                        \
                         "stp x23, x24, [%2, #184]\n"                                                        \
                         "stp x25, x26, [%2, #200]\n"                                                        \
                         "stp x27, x28, [%2, #216]\n"                                                        \
                         "stp x29, x30, [%2, #232]\n"                                                        \
                         "mov %1, sp\n"                                                                      \
                         "adr %0, .\n"                                                                       \
                         : "=&r"(here), "=&r"(sp)                                                            \
                         : "r"((full)->value)                                                                \
                         : "memory");                                                                        \
        (full)->value[ARCH_SP] = sp;                                                                         \
        (full)->pc = here;                                                                                   \
        (full)->exact = true;                                                                                \
    } while (0)

/* Offsets of the interrupted registers from the sp of a frame returning into the signal trampoline:
 * struct rt_sigframe = siginfo_t of 128, ucontext_t with uc_mcontext at 176, regs[31] at 8 of it, sp, pc. */
#define SIGFRAME_REGISTERS 312
#define SIGFRAME_FP        (SIGFRAME_REGISTERS + 8 * 29)
#define SIGFRAME_LR        (SIGFRAME_REGISTERS + 8 * 30)
#define SIGFRAME_SP        (SIGFRAME_REGISTERS + 8 * 31)
#define SIGFRAME_PC        (SIGFRAME_REGISTERS + 8 * 32)
#define SIGFRAME_BYTES     (SIGFRAME_REGISTERS + 8 * 33)

enum step unwind_step_rare(uint64_t rule, struct registers *r, struct readable *range);

/* The rare steps work on a copy: registers whose address is handed out would live in memory in the hot loop.
 */
INLINE enum step unwind_step_elsewhere(uint64_t rule, struct registers *r, struct readable *range) {
    struct registers copy = *r;
    enum step step = unwind_step_rare(rule, &copy, range);
    *r = copy;
    return step;
}

INLINE bool rule_is_rare(uint64_t rule, const struct registers *r) {
    enum rule_kind kind = rule_kind(rule);
    return !likely(kind == RULE_SP && !r->sp_is_guess) && kind != RULE_FP;
}

/*   sp rule:  base = sp          fp rule:  base = fp          cfa = base + off
 *   pc' = strip(saved x30 ? *(its slot) : x30)   sp' = cfa   fp' = saved x29 ? *(its slot) : x29
 * A frame that has not saved x30 can only be that of interrupted code. `note` gets the slot of x29 with the
 * flags of remember.h. */
INLINE enum step unwind_step_by_rule(uint64_t rule, struct registers *r, struct readable *range,
                                     uintptr_t *note) {
    bool by_fp = rule_kind(rule) == RULE_FP;
    uintptr_t base = by_fp ? r->fp : r->sp;
    uintptr_t cfa = base + 16 * (rule & RULE_UNITS_MASK);
    uint64_t lr_code = rule >> RULE_LR_SHIFT & RULE_SLOT_MASK;
    uint64_t fp_code = rule >> RULE_FP_SHIFT & RULE_SLOT_MASK;
    *note = by_fp; /* USES_FP */
    uintptr_t low = r->sp;
    if (unlikely((cfa & 7) || cfa < low || !readable_until(range, cfa))) {
        if (!by_fp || !lr_code ||
            !elsewhere_is_frame(base, cfa, rule_slot_address(lr_code, base, cfa), range))
            return STEP_CUT;
        low = base;
    }
    uintptr_t pc = r->lr, slot = 0, fp = r->fp;
    if (likely(lr_code)) {
        slot = rule_slot_address(lr_code, base, cfa);
        if (unlikely(slot < low || slot >= cfa))
            return STEP_CUT;
        pc = *(const uintptr_t *)slot;
    } else if (!pc) {
        return STEP_CUT;
    }
    if (fp_code) {
        uintptr_t at = rule_slot_address(fp_code, base, cfa);
        if (unlikely(at < low || at >= cfa))
            return STEP_CUT;
        *note |= at;
        fp = *(const uintptr_t *)at;
    }
    *r = (struct registers){.pc = arch_code_address(pc), .sp = cfa, .fp = fp, .slot = slot};
    return likely(r->pc) ? STEP_CALLED : STEP_END;
}

INLINE enum step unwind_step(uint64_t rule, struct registers *r, struct readable *range) {
    uintptr_t note;
    return unlikely(rule_is_rare(rule, r)) ? unwind_step_elsewhere(rule, r, range)
                                           : unwind_step_by_rule(rule, r, range, &note);
}

/* The same step, noting what it read beside the return address. Of the rare steps only the outermost frame
 * can be remembered, and a zero return address ends a stack by memory that is not noted. */
INLINE enum step unwind_step_noted(uint64_t rule, struct registers *r, struct readable *range,
                                   uintptr_t *restore, uintptr_t *holder) {
    *holder = 0;
    if (unlikely(rule_is_rare(rule, r))) {
        *restore = 0;
        return rule_kind(rule) == RULE_END ? STEP_END : STEP_CUT;
    }
    enum step step = unwind_step_by_rule(rule, r, range, restore);
    return likely(step == STEP_CALLED) ? STEP_CALLED : STEP_CUT;
}

#endif
