/* root.h — code that no information tells of and that is the outermost of its stack. */
#ifndef MEMTRACE_SHIM_ROOT_H
#define MEMTRACE_SHIM_ROOT_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/unwind/cfi.h"

bool root_is_known(uintptr_t pc, const struct cfi_registers *columns);

#endif
