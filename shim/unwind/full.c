/* full.c — the walk with every register. Rules: full.h.
 *
 *   cfa = register + off | expression
 *   for each register r of arch_saved:  r' = *(cfa + off_r) | *expression_r(cfa) | r
 *                                            | cfa + off_r | expression_r(cfa) | another register
 *   pc' = the return address column's   sp' = cfa, unless it has a column too
 */
#include "shim/unwind/full.h"

#include "shim/unwind/cfi.h"
#include "shim/unwind/expression.h"

/* Frames of the shim between full_find and what it looks for, and of the program inside the odd frame. */
#define SEARCH_LIMIT 100000

static bool is_known(const struct full *f, uint64_t number) {
    return number < ARCH_REGISTERS && (f->known >> number & 1);
}

static bool take(const struct full *f, uint64_t number, uintptr_t *value) {
    if (!is_known(f, number))
        return false;
    *value = f->value[number];
    return true;
}

static bool load(uintptr_t address, struct readable *range, uintptr_t *value) {
    if ((address & 7) || !readable_between(range, address, address + 8))
        return false;
    *value = *(const uintptr_t *)address;
    return true;
}

static bool find_cfa(const struct cfi_row *row, const struct full *f, struct readable *range,
                     uintptr_t *cfa) {
    if (row->cfa_expression.bytes)
        return expression_evaluate(row->cfa_expression, f, NULL, range, cfa);
    if (!is_known(f, row->cfa_register))
        return false;
    *cfa = f->value[row->cfa_register] + (uintptr_t)row->cfa_offset;
    return true;
}

/* What the caller has in a register. False: it is not known. */
static bool restore(const struct cfi_column *column, uint32_t number, uintptr_t cfa, const struct full *f,
                    struct readable *range, uintptr_t *value) {
    uintptr_t address;
    switch (column->rule) {
    case CFI_SAME:
        return take(f, number, value);
    case CFI_OFFSET:
        return load(cfa + (uintptr_t)column->offset, range, value);
    case CFI_EXPRESSION:
        return expression_evaluate(column->expression, f, &cfa, range, &address) &&
               load(address, range, value);
    case CFI_REGISTER:
        return take(f, (uint64_t)column->offset, value);
    case CFI_VALUE_OFFSET:
        *value = cfa + (uintptr_t)column->offset;
        return true;
    case CFI_VALUE_EXPRESSION:
        return expression_evaluate(column->expression, f, &cfa, range, value);
    default:
        return false;
    }
}

/* Does the caller's frame lie where it may? Only code that was interrupted may have no frame at all, and what
 * lies further in is on another stack. */
static bool lies_outside(const struct full *caller, const struct full *f) {
    uintptr_t sp = caller->value[ARCH_SP], below = f->value[ARCH_SP];
    return sp > below ||
           (sp == below ? f->exact : rule_kind(rules_get(caller->pc + caller->exact)) != RULE_NO_INFO);
}

static enum step step_by_information(struct full *f, const struct cfi_row *row, struct readable *range) {
    uintptr_t cfa, value;
    if (!find_cfa(row, f, range, &cfa) || (cfa & 7))
        return STEP_CUT;
    struct full caller = {.known = UINT64_C(1) << ARCH_SP};
    caller.value[ARCH_SP] = cfa;
    for (uint32_t i = 0; i < arch_saved.count; i++) {
        uint32_t number = arch_saved.number[i];
        if (number == ARCH_SP && row->column[i].rule == CFI_SAME)
            continue; /* it is the CFA */
        if (!restore(&row->column[i], number, cfa, f, range, &value)) {
            if (i == CFI_RETURN_ADDRESS || number == ARCH_SP)
                return STEP_CUT;
            continue;
        }
        caller.value[number] = value;
        caller.known |= UINT64_C(1) << number;
    }
    uint32_t column = arch_saved.number[CFI_RETURN_ADDRESS];
    caller.pc = arch_code_address(caller.value[column]);
    caller.exact = row->signal_frame;
    if (!lies_outside(&caller, f))
        return STEP_CUT;
    if (!caller.exact)
        arch_note_return(&caller);
    *f = caller;
    return !f->pc ? STEP_END : f->exact ? STEP_INTERRUPTED : STEP_CALLED;
}

struct registers full_registers(const struct full *f) {
    return arch_registers(f->pc, f->value[ARCH_SP], f->value[ARCH_FP]);
}

/* Code without information: as the fast walk does it. */
static enum step step_by_frame_pointer(uint64_t rule, struct full *f, struct readable *range) {
    struct registers r = full_registers(f);
    if (!readable_start(range, r.sp))
        return STEP_CUT;
    enum step step = unwind_step_rare(rule, &r, range);
    f->pc = r.pc;
    f->value[ARCH_SP] = r.sp;
    f->value[ARCH_FP] = r.fp;
    f->exact = step == STEP_INTERRUPTED;
    return arch_registers_hold(&r) ? step : STEP_CUT;
}

enum step full_step(struct full *f, struct readable *range) {
    uint64_t rule = rules_get(f->pc + f->exact);
    struct cfi_row row;
    switch (rule_kind(rule)) {
    case RULE_END:
        return STEP_END;
    case RULE_SIGNAL: {
        uintptr_t frame = f->value[ARCH_SP];
        if (!readable_between(range, frame, frame + SIGFRAME_BYTES))
            return STEP_CUT;
        arch_signal_registers(frame, f);
        f->exact = true;
        return readable_start(range, f->value[ARCH_SP]) ? STEP_INTERRUPTED : STEP_CUT;
    }
    case RULE_NO_INFO:
        return step_by_frame_pointer(rule, f, range);
    default:
        return cfi_find_row(f->pc - !f->exact, &arch_saved, &row) ? step_by_information(f, &row, range)
                                                                  : STEP_CUT;
    }
}

/* Not inlined: the frame whose registers are captured must last for as long as they are followed. */
NOINLINE bool full_find(struct full *f, const struct registers *wanted, struct readable *range) {
    ARCH_CAPTURE(f);
    if (!readable_start(range, f->value[ARCH_SP]))
        return false;
    for (unsigned i = 0; i < SEARCH_LIMIT; i++) {
        if (f->value[ARCH_SP] == wanted->sp && f->pc == wanted->pc)
            return true;
        enum step step = full_step(f, range);
        if (step != STEP_CALLED && step != STEP_INTERRUPTED)
            return false;
    }
    return false;
}
