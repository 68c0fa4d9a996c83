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
    int64_t offset; /* CFI_OFFSET: the register is saved at CFA + offset */
    struct cfi_expression expression;
};

/* One row of the table: the three columns that an unwinder of frames needs. */
struct cfi_row {
    uintptr_t function_start; /* where the information that covers the pc begins */
    uint32_t cfa_register;    /* CFA = register + offset, unless there is an expression */
    int64_t cfa_offset;
    struct cfi_expression cfa_expression;
    struct cfi_column frame_pointer;
    struct cfi_column return_address;
    bool signal_frame;          /* the caller was interrupted, it did not call */
    bool signed_return_address; /* AArch64: the saved return address carries a pointer authentication code */
};

/* Which DWARF register numbers the columns are. */
struct cfi_registers {
    uint32_t frame_pointer;
    uint32_t return_address;
};

/* Fills `row` for the instruction at `pc`. False: no information, or damaged. */
bool cfi_find_row(uintptr_t pc, struct cfi_registers registers, struct cfi_row *row);

#endif
