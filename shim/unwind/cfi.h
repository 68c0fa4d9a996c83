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

enum cfi_rule { CFI_SAME, CFI_OFFSET, CFI_EXPRESSION, CFI_UNDEFINED, CFI_OTHER };

struct cfi_expression {
    const uint8_t *bytes; /* NULL: none */
    size_t size;
};

struct cfi_column {
    enum cfi_rule rule;
    union {
        int64_t offset;                   /* CFI_OFFSET: the register is saved at CFA + offset */
        struct cfi_expression expression; /* CFI_EXPRESSION: where it is saved */
    };
};

/* Which registers are asked for, by DWARF number: the first two always, in this order. */
#define CFI_COLUMNS 12
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
