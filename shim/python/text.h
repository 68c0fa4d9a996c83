/* text.h — copies a Python string out of the interpreter as UTF-8. Reads memory only. */
#ifndef MEMTRACE_SHIM_PYTHON_TEXT_H
#define MEMTRACE_SHIM_PYTHON_TEXT_H

#include <stdint.h>

#include "shim/python/layout.h"

/* Bytes written, at most `size`; what does not fit is cut at a character. 0: it is not a string. */
uint32_t text_copy(const struct python_layout *layout, uintptr_t object, char *out, uint32_t size);

#endif
