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

enum { STACK_POINTER = CFI_RETURN_ADDRESS + 1 }; /* the third column of those asked for */
static const struct cfi_registers columns = {3, {DWARF_X29, DWARF_X30, DWARF_SP}};
const struct cfi_registers arch_saved = {13,
                                         {DWARF_X29, DWARF_X30, DWARF_X19, DWARF_X19 + 1, DWARF_X19 + 2,
                                          DWARF_X19 + 3, DWARF_X19 + 4, DWARF_X19 + 5, DWARF_X19 + 6,
                                          DWARF_X19 + 7, DWARF_X19 + 8, DWARF_X19 + 9, DWARF_SP}};

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
        row->column[STACK_POINTER].rule != CFI_SAME ||
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

/* A stub of the procedure linkage table has no information either. It is four instructions, after a landing
 * pad or, in the head of the table, a push of x16 and x30 (AAELF64, "PLT sequences"). */
#define BTI_C        UINT32_C(0xd503245f)
#define PUSH_X16_X30 UINT32_C(0xa9bf7bf0)
#define ADRP_X16     UINT32_C(0x90000010)
#define LDR_X17      UINT32_C(0xf9400211) /* [x16, offset] */
#define ADD_X16      UINT32_C(0x91000210) /* x16, offset */
#define BR_X17       UINT32_C(0xd61f0220)

static uint32_t instruction_at(uintptr_t at) {
    return os_readable(at) && os_readable(at + 3) ? *(const uint32_t *)at : 0;
}

static bool is_stub(uintptr_t at) {
    return (instruction_at(at) & 0x9f00001f) == ADRP_X16 &&
           (instruction_at(at + 4) & 0xffc003ff) == LDR_X17 &&
           (instruction_at(at + 8) & 0xffc003ff) == ADD_X16 && instruction_at(at + 12) == BR_X17;
}

/* The rule of the instruction at `pc`, 0: it is not of a stub. */
static uint64_t rule_of_stub(uintptr_t pc) {
    const uint64_t nothing_saved = rule_of_kind(RULE_SP);
    const uint64_t pushed = rule_of_kind(RULE_SP) | UINT64_C(2) << RULE_LR_SHIFT | 1;
    uint32_t first = instruction_at(pc);
    if ((first == BTI_C || first == PUSH_X16_X30) && is_stub(pc + 4))
        return nothing_saved;
    for (uintptr_t at = pc - 12; at <= pc; at += 4)
        if (is_stub(at))
            return instruction_at(at - 4) == PUSH_X16_X30 ? pushed : nothing_saved;
    return 0;
}

uint64_t rule_compile(uintptr_t pc) {
    struct cfi_row row;
    if (!cfi_find_row(pc, &columns, &row)) {
        uint64_t stub = pc % 4 ? 0 : rule_of_stub(pc);
        if (stub)
            return stub;
        if (is_trampoline(pc))
            return rule_of_kind(RULE_SIGNAL);
        return rule_of_kind(root_is_known(pc, &columns) ? RULE_END : RULE_NO_INFO);
    }
    if (row.column[CFI_RETURN_ADDRESS].rule == CFI_UNDEFINED)
        return rule_of_kind(RULE_END);
    /* Others that are so marked only say that they were not called: ways into coroutines. */
    if (row.signal_frame)
        return rule_of_kind(is_trampoline(pc) || is_trampoline(pc - 4) ? RULE_SIGNAL : RULE_UNSUPPORTED);
    return rule_of_row(&row);
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
