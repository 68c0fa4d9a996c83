/* cfi.h — call frame information: where a frame's caller is, for one pc, as .eh_frame states it.
 *
 * Reads the mapped sections of loaded modules; bounded by the module's mapping, so that damaged information
 * ends in "none" and not in a crash. Never allocates or locks; any thread, any signal handler.
 * Format: DWARF 5 §6.4 and the LSB's .eh_frame, .eh_frame_hdr and DW_EH_PE encodings.
 */
#ifndef MEMTRACE_SHIM_CFI_H
#define MEMTRACE_SHIM_CFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a caller has in a register. */
enum cfi_rule {
    CFI_SAME,
    CFI_OFFSET,           /* what is saved at CFA + offset */
    CFI_EXPRESSION,       /* what is saved where the expression says */
    CFI_REGISTER,         /* what is in another register now, whose number is `offset` */
    CFI_VALUE_OFFSET,     /* CFA + offset itself */
    CFI_VALUE_EXPRESSION, /* the expression itself */
    CFI_UNDEFINED
};

struct cfi_expression {
    const uint8_t *bytes; /* NULL: none */
    size_t size;
};

struct cfi_column {
    enum cfi_rule rule;
    union {
        int64_t offset;
        struct cfi_expression expression;
    };
};

/* Which registers are asked for, by DWARF number: the first two always, in this order. */
#define CFI_COLUMNS 13
enum { CFI_FRAME_POINTER, CFI_RETURN_ADDRESS };
struct cfi_registers {
    uint32_t count;
    uint8_t number[CFI_COLUMNS];
};

/* One row of the table: the columns asked for. */
struct cfi_row {
    uintptr_t function_start; /* where the information that covers the pc begins */
    uint32_t cfa_register;    /* CFA = register + offset, unless there is an expression */
    int64_t cfa_offset;
    struct cfi_expression cfa_expression;
    struct cfi_column column[CFI_COLUMNS];
    bool signal_frame; /* the caller was interrupted, it did not call */
};

/* Fills `row` for the instruction at `pc`. False: no information, or damaged. */
bool cfi_find_row(uintptr_t pc, const struct cfi_registers *registers, struct cfi_row *row);

#endif
