/* x86_64.c — compiles unwind rules from call frame information, and the rare steps of a walk. Twin:
 * aarch64.c. */
#include "shim/platform/arch.h"
#include "shim/platform/modules.h"
#include "shim/platform/os.h"
#include "shim/unwind/cfi.h"
#include "shim/unwind/elsewhere.h"
#include "shim/unwind/full.h"
#include "shim/unwind/remember.h"
#include "shim/unwind/root.h"

/* DWARF register numbers of the System V x86-64 psABI, figure 3.36. */
enum { DWARF_RBX = 3, DWARF_RBP = 6, DWARF_RSP = 7, DWARF_R8 = 8, DWARF_R12 = 12, DWARF_RA = 16 };
enum { OP_DEREF = 0x06, OP_BREG6 = 0x76, OP_BREG7 = 0x77 };

enum { STACK_POINTER = CFI_RETURN_ADDRESS + 1 }; /* the third column of those asked for */
static const struct cfi_registers columns = {3, {DWARF_RBP, DWARF_RA, DWARF_RSP}};
const struct cfi_registers arch_saved = {
    8, {DWARF_RBP, DWARF_RA, DWARF_RBX, DWARF_R12, DWARF_R12 + 1, DWARF_R12 + 2, DWARF_R12 + 3, DWARF_RSP}};

/* Procedure linkage table entries (most linkers emit this one expression for them):
 *   cfa = rsp + a + ((rip & 15) >= b) << 3
 * bytes: breg7 a; breg16 0; lit15; and; lit b; ge; lit3; shl; plus */
static bool is_plt(const struct cfi_expression *e) {
    const uint8_t *b = e->bytes;
    return e->size == 11 && b[0] == OP_BREG7 && b[2] == 0x80 && b[3] == 0 && b[4] == 0x3f && b[5] == 0x1a &&
           b[7] == 0x2a && b[8] == 0x33 && b[9] == 0x24 && b[10] == 0x22;
}

/* A slot or an offset that does not fit makes it RULE_UNSUPPORTED. */
static uint64_t rule_make(enum rule_kind kind, int64_t cfa_offset, int64_t slot) {
    int64_t limit = INT64_C(1) << (RULE_WORDS_BITS - 1);
    int64_t words = cfa_offset / 8;
    if (cfa_offset % 8 || words >= limit || words < -limit || slot < 0 || slot > RULE_SLOT_MASK)
        return rule_of_kind(RULE_UNSUPPORTED);
    return rule_of_kind(kind) | (uint64_t)slot << RULE_SLOT_SHIFT |
           ((uint64_t)words & ((UINT64_C(1) << RULE_WORDS_BITS) - 1));
}

static uint64_t plt_rule(const struct cfi_expression *e, uintptr_t pc) {
    unsigned threshold = e->bytes[6] - 0x30u; /* DW_OP_lit0 = 0x30 */
    return rule_make(RULE_SP, e->bytes[1] + ((pc & 15) >= threshold ? 8 : 0), 0);
}

/* LLVM's linker writes no information for its entries. They are known by their instructions, of which each
 * has sixteen bytes of its own. */
struct stub {
    uint8_t bytes[16];
    uint16_t compared;  /* a bit for each byte that is no operand */
    uint8_t words;      /* from sp to the CFA where it begins … */
    uint8_t pushed_one; /* … and one more from that byte on */
};
static const struct stub stubs[] = {
    /* push; jmp *; nop: the head of the table */
    {{0xff, 0x35, 0, 0, 0, 0, 0xff, 0x25, 0, 0, 0, 0, 0x0f, 0x1f, 0x40, 0}, 0xf0c3, 2, 6},
    /* jmp *; push; jmp head */
    {{0xff, 0x25, 0, 0, 0, 0, 0x68, 0, 0, 0, 0, 0xe9}, 0x0843, 1, 11},
    /* endbr64; push; jmp head; nop */
    {{0xf3, 0x0f, 0x1e, 0xfa, 0x68, 0, 0, 0, 0, 0xe9, 0, 0, 0, 0, 0x66, 0x90}, 0xc21f, 1, 9},
    /* endbr64; jmp *; nop */
    {{0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25, 0, 0, 0, 0, 0x66, 0x0f, 0x1f, 0x44, 0, 0}, 0xfc3f, 1, 16},
};

static bool is_stub(const uint8_t *at, const struct stub *stub) {
    for (unsigned i = 0; i < sizeof stub->bytes; i++)
        if ((stub->compared >> i & 1) && at[i] != stub->bytes[i])
            return false;
    return true;
}

/* The rule of the instruction at `pc`, 0: it is not of a stub. */
static uint64_t rule_of_stub(uintptr_t pc) {
    uintptr_t at = pc & ~(uintptr_t)15;
    struct loaded_module module;
    if (!platform_find_module(pc, &module) || at < module.base || module.end - at < sizeof stubs->bytes ||
        !os_readable(at))
        return 0;
    for (unsigned i = 0; i < sizeof stubs / sizeof stubs[0]; i++)
        if (is_stub((const uint8_t *)at, &stubs[i]))
            return rule_make(RULE_SP, 8 * (stubs[i].words + (pc - at >= stubs[i].pushed_one)), 0);
    return 0;
}

/* A realigned frame, as gcc writes it: cfa = *(rbp + n), rbp saved at *(rbp + 0). */
static bool is_drap(const struct cfi_row *row) {
    const struct cfi_expression *cfa = &row->cfa_expression;
    const struct cfi_column *fp = &row->column[CFI_FRAME_POINTER];
    return cfa->size == 3 && cfa->bytes[0] == OP_BREG6 && cfa->bytes[2] == OP_DEREF &&
           fp->rule == CFI_EXPRESSION && fp->expression.size == 2 && fp->expression.bytes[0] == OP_BREG6 &&
           fp->expression.bytes[1] == 0;
}

/* breg7, an offset of two bytes */
static bool is_sp_plus(const uint8_t *bytes, unsigned offset) {
    return bytes[0] == OP_BREG7 && bytes[1] == (0x80 | (offset & 0x7f)) && bytes[2] == offset >> 7;
}

/* The kernel's, as the C library describes it: sp' and pc' are in the signal frame. Others only say that they
 * were not called: ways into coroutines. */
static bool is_signal_trampoline(const struct cfi_row *row) {
    const struct cfi_expression *cfa = &row->cfa_expression;
    const struct cfi_column *ra = &row->column[CFI_RETURN_ADDRESS];
    return cfa->size == 4 && is_sp_plus(cfa->bytes, SIGFRAME_SP) && cfa->bytes[3] == OP_DEREF &&
           ra->rule == CFI_EXPRESSION && ra->expression.size == 3 &&
           is_sp_plus(ra->expression.bytes, SIGFRAME_PC);
}

static int64_t sleb_byte(uint8_t byte) {
    return (byte & 0x40) ? (int64_t)byte - 0x80 : byte;
}

uint64_t rule_compile(uintptr_t pc) {
    struct cfi_row row;
    if (!cfi_find_row(pc, &columns, &row)) {
        uint64_t stub = rule_of_stub(pc);
        return stub ? stub : rule_of_kind(root_is_known(pc, &columns) ? RULE_END : RULE_NO_INFO);
    }
    const struct cfi_column *fp = &row.column[CFI_FRAME_POINTER], *ra = &row.column[CFI_RETURN_ADDRESS];
    if (ra->rule == CFI_UNDEFINED)
        return rule_of_kind(RULE_END);
    if (row.signal_frame)
        return rule_of_kind(is_signal_trampoline(&row) ? RULE_SIGNAL : RULE_UNSUPPORTED);
    if (ra->rule != CFI_OFFSET || ra->offset != -8 || row.column[STACK_POINTER].rule != CFI_SAME)
        return rule_of_kind(RULE_UNSUPPORTED);
    if (row.cfa_expression.bytes) {
        if (is_plt(&row.cfa_expression))
            return plt_rule(&row.cfa_expression, pc);
        if (is_drap(&row))
            return rule_make(RULE_DRAP, sleb_byte(row.cfa_expression.bytes[1]), 0);
        return rule_of_kind(RULE_UNSUPPORTED);
    }
    int64_t slot = 0;
    if (fp->rule == CFI_OFFSET) {
        if (fp->offset >= 0 || fp->offset % 8)
            return rule_of_kind(RULE_UNSUPPORTED);
        slot = -fp->offset / 8;
    } else if (fp->rule != CFI_SAME) {
        return rule_of_kind(RULE_UNSUPPORTED);
    }
    if (row.cfa_register == DWARF_RSP)
        return rule_make(RULE_SP, row.cfa_offset, slot);
    if (row.cfa_register == DWARF_RBP)
        return rule_make(RULE_FP, row.cfa_offset, slot);
    return rule_of_kind(RULE_UNSUPPORTED);
}

static enum step step_realigned(uint64_t rule, struct registers *r, struct readable *range) {
    uintptr_t holder = r->fp + (uintptr_t)rule_cfa_offset(rule);
    uintptr_t low = holder < r->fp ? holder : r->fp, high = holder < r->fp ? r->fp : holder;
    if ((holder & 7) || !readable_between(range, low, high + 8))
        return STEP_CUT;
    uintptr_t cfa = *(uintptr_t *)holder;
    bool is_outside =
        holder >= r->sp && cfa > r->sp && cfa > range->low && !(cfa & 7) && readable_until(range, cfa);
    if (!is_outside && !elsewhere_is_frame(cfa - 8, cfa, cfa - 8, range))
        return STEP_CUT;
    *r = (struct registers){.pc = *(uintptr_t *)(cfa - 8), .sp = cfa, .fp = *(uintptr_t *)r->fp};
    return STEP_CALLED;
}

/* By its frame pointer, where the CFA was not found above the frame inside. */
static enum step step_afar(uint64_t rule, struct registers *r, struct readable *range, uintptr_t *saved_fp) {
    uintptr_t cfa = r->fp + (uintptr_t)rule_cfa_offset(rule);
    uintptr_t slot = rule_slot(rule) ? cfa - 8 * rule_slot(rule) : 0;
    if (!elsewhere_is_frame(slot ? slot : cfa - 8, cfa, cfa - 8, range))
        return STEP_CUT;
    *saved_fp = slot;
    *r =
        (struct registers){.pc = *(uintptr_t *)(cfa - 8), .sp = cfa, .fp = slot ? *(uintptr_t *)slot : r->fp};
    return STEP_CALLED;
}

static enum step step_signal(struct registers *r, struct readable *range) {
    uintptr_t frame = r->sp;
    if (!readable_until(range, frame + SIGFRAME_BYTES))
        return STEP_CUT;
    *r = (struct registers){.pc = *(uintptr_t *)(frame + SIGFRAME_PC),
                            .sp = *(uintptr_t *)(frame + SIGFRAME_SP),
                            .fp = *(uintptr_t *)(frame + SIGFRAME_FP)};
    return readable_start(range, r->sp) ? STEP_INTERRUPTED : STEP_CUT;
}

void arch_signal_registers(uintptr_t frame, struct full *f) {
    /* gregs 8 … 16, which come after r8 … r15: rdi rsi rbp rbx rdx rax rcx rsp rip. */
    static const uint8_t number[] = {5, 4, DWARF_RBP, DWARF_RBX, 1, 0, 2, DWARF_RSP, DWARF_RA};
    const uintptr_t *saved = (const uintptr_t *)(frame + SIGFRAME_R8);
    for (unsigned i = 0; i < 8; i++)
        f->value[DWARF_R8 + i] = saved[i];
    for (unsigned i = 0; i < sizeof number; i++)
        f->value[number[i]] = saved[8 + i];
    f->known = (1 << ARCH_REGISTERS) - 1;
    f->pc = f->value[DWARF_RA];
}

/* Code without unwind information that keeps the convention  push rbp; mov rbp, rsp.  Plausible when the
 * saved pair lies above this frame and the chain goes up. */
static enum step step_frame_pointer(struct registers *r, struct readable *range) {
    uintptr_t frame = r->fp;
    readable_renew(range, r->sp);
    if (frame < r->sp || (frame & 7) || !readable_until(range, frame + 16))
        return STEP_CUT;
    uintptr_t pc = ((uintptr_t *)frame)[1];
    if (pc < 4096)
        return STEP_CUT;
    *r = (struct registers){.pc = pc, .sp = frame + 16, .fp = *(uintptr_t *)frame};
    return STEP_CALLED;
}

NOINLINE enum step unwind_step_rare(uint64_t rule, struct registers *r, struct readable *range) {
    uintptr_t saved_fp;
    switch (rule_kind(rule)) {
    case RULE_FP:
        return step_afar(rule, r, range, &saved_fp);
    case RULE_DRAP:
        return step_realigned(rule, r, range);
    case RULE_SIGNAL:
        return step_signal(r, range);
    case RULE_NO_INFO:
        return step_frame_pointer(r, range);
    case RULE_END:
        return STEP_END;
    case RULE_UNSUPPORTED:
        return STEP_BEYOND;
    default:
        return STEP_CUT;
    }
}

/* Of the rare steps only the outermost frame, realigned frames and those elsewhere can be remembered: the
 * others are found by memory that is not noted, or say that nothing is known. */
NOINLINE enum step unwind_step_noted_rare(uint64_t rule, struct registers *r, struct readable *range,
                                          uintptr_t *restore, uintptr_t *holder) {
    uintptr_t saved_fp = 0;
    enum step step;
    switch (rule_kind(rule)) {
    case RULE_FP:
        step = step_afar(rule, r, range, &saved_fp);
        *restore = saved_fp | USES_FP;
        return step;
    case RULE_DRAP:
        *holder = r->fp + (uintptr_t)rule_cfa_offset(rule);
        *restore = r->fp | USES_FP | HAS_HOLDER;
        return step_realigned(rule, r, range);
    default:
        *restore = 0;
        return rule_kind(rule) == RULE_END ? STEP_END : STEP_CUT;
    }
}
