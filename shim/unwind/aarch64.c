/* aarch64.c — compiles unwind rules from call frame information, and the rare steps of a walk. Twin:
 * x86_64.c. */
#include "shim/platform/arch.h"
#include "shim/platform/os.h"
#include "shim/unwind/cfi.h"
#include "shim/unwind/full.h"
#include "shim/unwind/remember.h"
#include "shim/unwind/root.h"

/* DWARF for the Arm 64-bit Architecture, §4.1. */
enum { DWARF_X19 = 19, DWARF_X29 = 29, DWARF_X30 = 30, DWARF_SP = 31 };

/* The kernel's signal trampoline: mov x8, #139 (rt_sigreturn); svc #0 */
#define TRAMPOLINE UINT64_C(0xd4000001d2801168)

static const struct cfi_registers columns = {2, {DWARF_X29, DWARF_X30}};
const struct cfi_registers arch_saved = {12,
                                         {DWARF_X29, DWARF_X30, DWARF_X19, DWARF_X19 + 1, DWARF_X19 + 2,
                                          DWARF_X19 + 3, DWARF_X19 + 4, DWARF_X19 + 5, DWARF_X19 + 6,
                                          DWARF_X19 + 7, DWARF_X19 + 8, DWARF_X19 + 9}};

/* How a rule says that a register is saved at CFA + offset. False: it cannot. */
static bool slot_code(const struct cfi_column *column, int64_t cfa_offset, uint64_t *code) {
    *code = 0;
    if (column->rule == CFI_SAME)
        return true;
    if (column->rule != CFI_OFFSET || column->offset >= 0 || column->offset % 8)
        return false;
    int64_t from_top = -column->offset / 8, from_base = (cfa_offset + column->offset) / 8;
    if (from_base >= 0 && from_base < RULE_SLOT_TOP)
        *code = (uint64_t)from_base + 1;
    else if (from_top <= RULE_SLOT_MASK - RULE_SLOT_TOP)
        *code = (uint64_t)from_top + RULE_SLOT_TOP;
    return *code != 0;
}

static uint64_t rule_of_row(const struct cfi_row *row) {
    bool by_sp = row->cfa_register == DWARF_SP;
    uint64_t lr, fp;
    if (row->cfa_expression.bytes || (!by_sp && row->cfa_register != DWARF_X29) || row->cfa_offset < 0 ||
        row->cfa_offset % 16 || (uint64_t)row->cfa_offset / 16 > RULE_UNITS_MASK ||
        !slot_code(&row->column[CFI_RETURN_ADDRESS], row->cfa_offset, &lr) ||
        !slot_code(&row->column[CFI_FRAME_POINTER], row->cfa_offset, &fp))
        return rule_of_kind(RULE_UNSUPPORTED);
    return rule_of_kind(by_sp ? RULE_SP : RULE_FP) | fp << RULE_FP_SHIFT | lr << RULE_LR_SHIFT |
           (uint64_t)row->cfa_offset / 16;
}

/* The kernel's has no information, so that debuggers go by its instructions. A return address of it is its
 * beginning. */
static bool is_trampoline(uintptr_t pc) {
    uintptr_t at = (pc + 3) & ~(uintptr_t)3;
    return os_readable(at) && os_readable(at + 7) && *(const uint64_t *)at == TRAMPOLINE;
}

uint64_t rule_compile(uintptr_t pc) {
    struct cfi_row row;
    if (!cfi_find_row(pc, &columns, &row)) {
        if (is_trampoline(pc))
            return rule_of_kind(RULE_SIGNAL);
        return rule_of_kind(root_is_known(pc, &columns) ? RULE_END : RULE_NO_INFO);
    }
    if (row.column[CFI_RETURN_ADDRESS].rule == CFI_UNDEFINED)
        return rule_of_kind(RULE_END);
    return row.signal_frame ? rule_of_kind(RULE_SIGNAL) : rule_of_row(&row);
}

static enum step step_signal(struct registers *r, struct readable *range) {
    uintptr_t frame = r->sp;
    if (r->sp_is_guess || !readable_until(range, frame + SIGFRAME_BYTES))
        return STEP_CUT;
    *r = (struct registers){.pc = *(uintptr_t *)(frame + SIGFRAME_PC),
                            .sp = *(uintptr_t *)(frame + SIGFRAME_SP),
                            .fp = *(uintptr_t *)(frame + SIGFRAME_FP),
                            .lr = *(uintptr_t *)(frame + SIGFRAME_LR)};
    return readable_start(range, r->sp) ? STEP_INTERRUPTED : STEP_CUT;
}

void arch_signal_registers(uintptr_t frame, struct full *f) {
    const uintptr_t *saved = (const uintptr_t *)(frame + SIGFRAME_REGISTERS);
    for (unsigned i = 0; i < ARCH_REGISTERS; i++)
        f->value[i] = saved[i];
    f->known = UINT32_MAX;
    f->pc = *(uintptr_t *)(frame + SIGFRAME_PC);
}

/* Code without unwind information, or whose sp is not known, that keeps frame records. Plausible when the
 * record lies above this frame and the chain goes up. Where the frame ends the record does not say: sp' is at
 * least its end. Interrupted code may not have made its record yet. */
static enum step step_frame_record(struct registers *r, struct readable *range) {
    uintptr_t record = r->fp;
    readable_renew(range, r->sp);
    if (r->lr || record < r->sp || (record & 7) || !readable_until(range, record + 16))
        return STEP_CUT;
    uintptr_t pc = arch_code_address(((uintptr_t *)record)[1]);
    if (pc < 4096)
        return STEP_CUT;
    *r = (struct registers){
        .pc = pc, .sp = record + 16, .fp = *(uintptr_t *)record, .slot = record + 8, .sp_is_guess = true};
    return STEP_CALLED;
}

NOINLINE enum step unwind_step_rare(uint64_t rule, struct registers *r, struct readable *range) {
    switch (rule_kind(rule)) {
    case RULE_SIGNAL:
        return step_signal(r, range);
    case RULE_NO_INFO:
    case RULE_SP: /* sp_is_guess */
        return step_frame_record(r, range);
    case RULE_END:
        return STEP_END;
    default:
        return STEP_BEYOND;
    }
}
