/* debug.h — the interpreter's debug allocator (PYTHONMALLOC=debug, -X dev), which puts its own bytes around
 * each block of the allocator that it stands in front of.
 *
 * Set up anew by a program (PyMem_SetupDebugHooks) while a hook of ours stands in front of it, it does not
 * see that it is there already, as it would without us: it stands in front of the hook, and the hook of it.
 * Hooks ask debug_calls, and go beneath it then; whoever puts hooks back calls debug_move_beneath first.
 */
#ifndef MEMTRACE_SHIM_PYTHON_DEBUG_H
#define MEMTRACE_SHIM_PYTHON_DEBUG_H

#include <stdbool.h>
#include <stddef.h>

#include "shim/python/interpreter.h"

/* debug_alloc_api_t of Objects/obmalloc.c, the same in 3.8 to 3.13. One for each domain, in the interpreter's
 * data. */
struct python_debug {
    char domain; /* r, m, o */
    struct python_allocator beneath;
};

/* Of an allocator that is it; else NULL. */
const struct python_debug *debug_of(const struct python_allocator *allocator, int domain);

/* Is a hook what it calls? */
INLINE bool debug_calls(const struct python_debug *debug, const struct python_allocator *hook) {
    return debug->beneath.malloc == hook->malloc;
}

/* Has it stand in front of `beneath` again. Only the holder of the GIL may. False: this cannot be done. */
bool debug_move_beneath(int domain, const struct python_allocator *beneath);

#endif
