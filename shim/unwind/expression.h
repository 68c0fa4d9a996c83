/* expression.h — evaluates the DWARF expressions that occur in call frame information (DWARF 5 §2.5). */
#ifndef MEMTRACE_SHIM_EXPRESSION_H
#define MEMTRACE_SHIM_EXPRESSION_H

#include "shim/unwind/cfi.h"
#include "shim/unwind/full.h"

/* `cfa` is what the expression finds on its stack; NULL: nothing. False: an operation is unknown, a
 * register is not known, or memory that it reads is not readable, whole and aligned. */
bool expression_evaluate(struct cfi_expression expression, const struct full *f, const uintptr_t *cfa,
                         struct readable *range, uintptr_t *result);

#endif
