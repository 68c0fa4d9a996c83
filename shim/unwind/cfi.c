/* cfi.c — finds the FDE of a pc and runs its call frame program up to that pc. Rules: cfi.h. */
#define _GNU_SOURCE
#include "shim/unwind/cfi.h"

#include "shim/platform/modules.h"
#include "shim/unwind/reader.h"

#define REMEMBERED_ROWS 2 /* compilers nest them once; they lie on the program's stack */

/* DW_EH_PE: low nibble the format, bits 4-6 what it is relative to, bit 7 an indirection. */
enum {
    PE_ABSPTR = 0x00,
    PE_ULEB128 = 0x01,
    PE_UDATA2 = 0x02,
    PE_UDATA4 = 0x03,
    PE_UDATA8 = 0x04,
    PE_SLEB128 = 0x09,
    PE_SDATA2 = 0x0a,
    PE_SDATA4 = 0x0b,
    PE_SDATA8 = 0x0c,
    PE_PCREL = 0x10,
    PE_DATAREL = 0x30,
    PE_OMIT = 0xff
};

struct cie {
    uint64_t code_factor;
    int64_t data_factor;
    uint8_t pointer_encoding;
    bool has_augmentation_data;
    bool signal_frame;
    struct reader program;
};

struct fde {
    struct cie cie;
    uint64_t begin;
    uint64_t length;
    struct reader program;
};

static uint64_t read_encoded(struct reader *r, uint8_t encoding, uint64_t data_base) {
    uint64_t at = (uint64_t)r->at, value;
    switch (encoding & 0x0f) {
    case PE_ABSPTR:
    case PE_UDATA8:
    case PE_SDATA8:
        value = read_u64(r);
        break;
    case PE_ULEB128:
        value = read_uleb(r);
        break;
    case PE_UDATA2:
        value = read_u16(r);
        break;
    case PE_UDATA4:
        value = read_u32(r);
        break;
    case PE_SLEB128:
        value = (uint64_t)read_sleb(r);
        break;
    case PE_SDATA2:
        value = (uint64_t)(int64_t)read_s16(r);
        break;
    case PE_SDATA4:
        value = (uint64_t)(int64_t)read_s32(r);
        break;
    default:
        r->bad = true;
        return 0;
    }
    if (value == 0)
        return 0;
    switch (encoding & 0x70) {
    case 0:
        return value;
    case PE_PCREL:
        return value + at;
    case PE_DATAREL:
        return value + data_base;
    default:
        r->bad = true;
        return 0;
    }
}

/* Reads the CIE at `at`, which must lie inside `bounds`. */
static bool read_cie(const uint8_t *at, struct reader bounds, uint32_t return_register, struct cie *cie) {
    if (at < bounds.at || at >= bounds.end)
        return false;
    struct reader r = {at, bounds.end, false};
    uint32_t length = read_u32(&r);
    if (length == UINT32_MAX || !reader_has(&r, length))
        return false;
    r.end = r.at + length;
    if (read_u32(&r) != 0) /* a CIE's id is 0 in .eh_frame */
        return false;
    uint8_t version = read_u8(&r);
    const char *augmentation = (const char *)r.at;
    while (read_u8(&r) && !r.bad)
        ;
    if (r.bad || (version != 1 && version != 3))
        return false;
    *cie = (struct cie){.code_factor = read_uleb(&r), .data_factor = read_sleb(&r)};
    uint64_t return_column = version == 1 ? read_u8(&r) : read_uleb(&r);
    if (return_column != return_register)
        return false;
    if (augmentation[0] == 'z') {
        cie->has_augmentation_data = true;
        uint64_t bytes = read_uleb(&r);
        if (!reader_has(&r, bytes))
            return false;
        const uint8_t *program = r.at + bytes;
        for (const char *a = augmentation + 1; *a; a++) {
            if (*a == 'R')
                cie->pointer_encoding = read_u8(&r);
            else if (*a == 'L')
                read_u8(&r);
            else if (*a == 'P')
                read_encoded(&r, read_u8(&r) & 0x7f, 0);
            else if (*a == 'S')
                cie->signal_frame = true;
            else if (*a != 'B' && *a != 'G')
                break;
        }
        if (r.bad)
            return false;
        r.at = program;
    } else if (augmentation[0]) {
        return false;
    }
    cie->program = r;
    return !r.bad;
}

/* Reads the FDE at `at` and its CIE. `next` gets where the following entry starts (for a linear search). */
static bool read_fde(const uint8_t *at, struct reader bounds, uint32_t return_register, struct fde *fde,
                     const uint8_t **next) {
    if (at < bounds.at || at >= bounds.end)
        return false;
    struct reader r = {at, bounds.end, false};
    uint64_t length = read_u32(&r);
    if (length == UINT32_MAX)
        length = read_u64(&r);
    if (length == 0 || !reader_has(&r, length))
        return false;
    r.end = r.at + length;
    if (next)
        *next = r.end;
    const uint8_t *id_at = r.at;
    uint32_t cie_distance = read_u32(&r);
    if (cie_distance == 0 || !read_cie(id_at - cie_distance, bounds, return_register, &fde->cie))
        return false;
    fde->begin = read_encoded(&r, fde->cie.pointer_encoding, 0);
    fde->length = read_encoded(&r, fde->cie.pointer_encoding & 0x0f, 0);
    if (fde->cie.has_augmentation_data)
        reader_skip(&r, read_uleb(&r));
    fde->program = r;
    return !r.bad;
}

static bool fde_covers(const struct fde *fde, uintptr_t pc) {
    return pc - fde->begin < fde->length;
}

/* The sorted table of .eh_frame_hdr: pairs {function start, FDE}, both relative to the header. */
static bool search_table(const uint8_t *header, struct reader table, uint64_t count, uintptr_t pc,
                         struct reader bounds, uint32_t return_register, struct fde *fde) {
    int64_t relative = (int64_t)pc - (int64_t)(uintptr_t)header;
    uint64_t low = 0, high = count;
    if (count == 0 || count > (uint64_t)(table.end - table.at) / 8)
        return false;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        int32_t start;
        memcpy(&start, table.at + middle * 8, sizeof start);
        if (start <= relative)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    int32_t where;
    memcpy(&where, table.at + (low - 1) * 8 + 4, sizeof where);
    return read_fde(header + where, bounds, return_register, fde, NULL) && fde_covers(fde, pc);
}

static bool search_linear(const uint8_t *eh_frame, uintptr_t pc, struct reader bounds,
                          uint32_t return_register, struct fde *fde) {
    const uint8_t *at = eh_frame;
    for (;;) {
        const uint8_t *next = NULL;
        if (read_fde(at, bounds, return_register, fde, &next) && fde_covers(fde, pc))
            return true;
        if (!next)
            return false;
        at = next;
    }
}

static bool find_fde(uintptr_t pc, uint32_t return_register, struct fde *fde) {
    struct loaded_module module;
    if (!platform_find_module(pc, &module) || !module.eh_frame_header)
        return false;
    const uint8_t *header = module.eh_frame_header;
    struct reader bounds = {(const uint8_t *)module.base, (const uint8_t *)module.end, false};
    struct reader r = {header, bounds.end, false};
    if (read_u8(&r) != 1)
        return false;
    uint8_t frame_encoding = read_u8(&r), count_encoding = read_u8(&r), table_encoding = read_u8(&r);
    uint64_t eh_frame = read_encoded(&r, frame_encoding, (uint64_t)header);
    if (r.bad)
        return false;
    if (count_encoding != PE_OMIT && table_encoding == (PE_DATAREL | PE_SDATA4)) {
        uint64_t count = read_encoded(&r, count_encoding, (uint64_t)header);
        return !r.bad && search_table(header, r, count, pc, bounds, return_register, fde);
    }
    return search_linear((const uint8_t *)eh_frame, pc, bounds, return_register, fde);
}

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
            set_rule(column_of(row, registers, read_uleb(&r)), CFI_OTHER, 0);
            read_uleb(&r);
            continue;
        case 0x14: /* DW_CFA_val_offset */
        case 0x15: /* DW_CFA_val_offset_sf */
            set_rule(column_of(row, registers, read_uleb(&r)), CFI_OTHER, 0);
            read_uleb(&r);
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
            set_rule(column, op == 0x10 ? CFI_EXPRESSION : CFI_OTHER, 0);
            struct cfi_expression expression = read_expression(&r);
            if (column && column->rule == CFI_EXPRESSION)
                column->expression = expression;
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
    if (!find_fde(pc, registers->number[CFI_RETURN_ADDRESS], &fde))
        return false;
    struct cfi_row initial = {0};
    if (!run_program(fde.cie.program, &fde.cie, 0, UINTPTR_MAX, registers, &initial, &initial))
        return false;
    *row = initial;
    row->function_start = fde.begin;
    row->signal_frame = fde.cie.signal_frame;
    return run_program(fde.program, &fde.cie, fde.begin, pc, registers, &initial, row);
}
