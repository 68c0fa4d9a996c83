/* cfi.c — runs the call frame program of a pc up to that pc. Rules: cfi.h. */
#include "shim/unwind/cfi.h"

#include "shim/unwind/fde.h"

#define REMEMBERED_ROWS 2 /* compilers nest them once; they lie on the program's stack */

static struct cfi_column *column_of(struct cfi_row *row, const struct cfi_registers *registers,
                                    uint64_t number) {
    for (uint32_t i = 0; i < registers->count; i++)
        if (registers->number[i] == number)
            return &row->column[i];
    return NULL;
}

static void set_rule(struct cfi_column *column, enum cfi_rule rule, int64_t offset) {
    if (column)
        *column = (struct cfi_column){.rule = rule, .offset = offset};
}

static void set_expression(struct cfi_column *column, enum cfi_rule rule, struct cfi_expression expression) {
    if (column)
        *column = (struct cfi_column){.rule = rule, .expression = expression};
}

/* Damaged information may overflow: what comes out is then refused as an offset. */
static int64_t scaled(uint64_t value, const struct cie *cie) {
    return (int64_t)(value * (uint64_t)cie->data_factor);
}

static struct cfi_expression read_expression(struct reader *r) {
    struct cfi_expression expression = {.size = read_uleb(r)};
    expression.bytes = r->at;
    reader_skip(r, expression.size);
    return expression;
}

/* Runs call frame instructions until the location passes `pc`. False: an instruction is unknown or cut. */
static bool run_program(struct reader r, const struct cie *cie, uint64_t location, uintptr_t pc,
                        const struct cfi_registers *registers, const struct cfi_row *initial,
                        struct cfi_row *row) {
    struct cfi_row remembered[REMEMBERED_ROWS];
    int depth = 0;
    while (r.at < r.end && !r.bad) {
        uint8_t op = read_u8(&r);
        uint64_t number;
        struct cfi_column *column;
        uint64_t advance = 0;
        switch (op & 0xc0) {
        case 0x40: /* DW_CFA_advance_loc */
            advance = (uint64_t)(op & 0x3f) * cie->code_factor;
            goto advance_location;
        case 0x80: /* DW_CFA_offset */
            column = column_of(row, registers, op & 0x3f);
            set_rule(column, CFI_OFFSET, scaled(read_uleb(&r), cie));
            continue;
        case 0xc0: /* DW_CFA_restore */
            number = op & 0x3f;
            goto restore;
        }
        switch (op) {
        case 0x00: /* DW_CFA_nop */
            continue;
        case 0x01: { /* DW_CFA_set_loc */
            uint64_t target = read_encoded(&r, cie->pointer_encoding, 0);
            advance = target - location;
            goto advance_location;
        }
        case 0x02: /* DW_CFA_advance_loc1 */
            advance = read_u8(&r) * cie->code_factor;
            goto advance_location;
        case 0x03: /* DW_CFA_advance_loc2 */
            advance = read_u16(&r) * cie->code_factor;
            goto advance_location;
        case 0x04: /* DW_CFA_advance_loc4 */
            advance = read_u32(&r) * cie->code_factor;
            goto advance_location;
        case 0x05: /* DW_CFA_offset_extended */
            column = column_of(row, registers, read_uleb(&r));
            set_rule(column, CFI_OFFSET, scaled(read_uleb(&r), cie));
            continue;
        case 0x11: /* DW_CFA_offset_extended_sf */
            column = column_of(row, registers, read_uleb(&r));
            set_rule(column, CFI_OFFSET, scaled((uint64_t)read_sleb(&r), cie));
            continue;
        case 0x2f: /* DW_CFA_GNU_negative_offset_extended */
            column = column_of(row, registers, read_uleb(&r));
            set_rule(column, CFI_OFFSET, (int64_t)(0 - (uint64_t)scaled(read_uleb(&r), cie)));
            continue;
        case 0x06: /* DW_CFA_restore_extended */
            number = read_uleb(&r);
            goto restore;
        case 0x07: /* DW_CFA_undefined */
            set_rule(column_of(row, registers, read_uleb(&r)), CFI_UNDEFINED, 0);
            continue;
        case 0x08: /* DW_CFA_same_value */
            set_rule(column_of(row, registers, read_uleb(&r)), CFI_SAME, 0);
            continue;
        case 0x09: /* DW_CFA_register */
            column = column_of(row, registers, read_uleb(&r));
            set_rule(column, CFI_REGISTER, (int64_t)read_uleb(&r));
            continue;
        case 0x14: /* DW_CFA_val_offset */
            column = column_of(row, registers, read_uleb(&r));
            set_rule(column, CFI_VALUE_OFFSET, scaled(read_uleb(&r), cie));
            continue;
        case 0x15: /* DW_CFA_val_offset_sf */
            column = column_of(row, registers, read_uleb(&r));
            set_rule(column, CFI_VALUE_OFFSET, scaled((uint64_t)read_sleb(&r), cie));
            continue;
        case 0x0a: /* DW_CFA_remember_state */
            if (depth == REMEMBERED_ROWS)
                return false;
            remembered[depth++] = *row;
            continue;
        case 0x0b: /* DW_CFA_restore_state */
            if (depth == 0)
                return false;
            *row = remembered[--depth];
            continue;
        case 0x0c: /* DW_CFA_def_cfa */
            row->cfa_register = (uint32_t)read_uleb(&r);
            row->cfa_offset = (int64_t)read_uleb(&r);
            row->cfa_expression.bytes = NULL;
            continue;
        case 0x12: /* DW_CFA_def_cfa_sf */
            row->cfa_register = (uint32_t)read_uleb(&r);
            row->cfa_offset = scaled((uint64_t)read_sleb(&r), cie);
            row->cfa_expression.bytes = NULL;
            continue;
        case 0x0d: /* DW_CFA_def_cfa_register */
            row->cfa_register = (uint32_t)read_uleb(&r);
            row->cfa_expression.bytes = NULL;
            continue;
        case 0x0e: /* DW_CFA_def_cfa_offset */
            row->cfa_offset = (int64_t)read_uleb(&r);
            continue;
        case 0x13: /* DW_CFA_def_cfa_offset_sf */
            row->cfa_offset = scaled((uint64_t)read_sleb(&r), cie);
            continue;
        case 0x0f: /* DW_CFA_def_cfa_expression */
            row->cfa_expression = read_expression(&r);
            continue;
        case 0x10: /* DW_CFA_expression */
        case 0x16: /* DW_CFA_val_expression */
            column = column_of(row, registers, read_uleb(&r));
            set_expression(column, op == 0x10 ? CFI_EXPRESSION : CFI_VALUE_EXPRESSION, read_expression(&r));
            continue;
        case 0x2d:    /* DW_CFA_AARCH64_negate_ra_state (on SPARC a register window save) */
        case 0x2c:    /* DW_CFA_AARCH64_negate_ra_state_with_pc */
            continue; /* the code is stripped from every return address, signed or not */
        case 0x2e:    /* DW_CFA_GNU_args_size */
            read_uleb(&r);
            continue;
        default:
            return false;
        }
    restore:
        column = column_of(row, registers, number);
        if (column)
            *column = initial->column[column - row->column];
        continue;
    advance_location:
        location += advance;
        if (location > pc)
            return true;
    }
    return !r.bad;
}

bool cfi_find_row(uintptr_t pc, const struct cfi_registers *registers, struct cfi_row *row) {
    struct fde fde;
    if (!fde_find(pc, registers->number[CFI_RETURN_ADDRESS], &fde))
        return false;
    struct cfi_row initial = {0};
    if (!run_program(fde.cie.program, &fde.cie, 0, UINTPTR_MAX, registers, &initial, &initial))
        return false;
    *row = initial;
    row->function_start = fde.begin;
    row->signal_frame = fde.cie.signal_frame;
    return run_program(fde.program, &fde.cie, fde.begin, pc, registers, &initial, row);
}
