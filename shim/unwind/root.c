/* root.c — the two such roots that glibc has. Rules: root.h. */
#include "shim/unwind/root.h"

#include "shim/platform/modules.h"

/* The first frame of a makecontext fiber "returns" to the first instruction of glibc's __start_context, so
 * that the address before it belongs to nothing. */
static bool is_entered_by_return(uintptr_t pc, const struct cfi_registers *columns) {
    struct cfi_row row;
    return cfi_find_row(pc + 1, columns, &row) && row.function_start == pc + 1;
}

/* The loader's entry code, which runs the constructors of libraries, is its only code without information. */
static bool is_loader_entry(uintptr_t pc) {
    struct loaded_module module;
    return platform_find_module(pc, &module) && platform_is_loader(&module);
}

bool root_is_known(uintptr_t pc, const struct cfi_registers *columns) {
    return is_entered_by_return(pc, columns) || is_loader_entry(pc);
}
