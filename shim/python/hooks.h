/* hooks.h — the interpreter's own allocators (PEP 445), seen from inside.
 *
 * Most Python objects live in arenas that the interpreter maps and divides itself (pymalloc). The hooks of
 * its MEM and OBJ domains publish them as events of kind Python. What these allocators pass on to malloc
 * (more than 512 bytes, or everything under PYTHONMALLOC=malloc) is malloc's event and not published here.
 */
#ifndef MEMTRACE_SHIM_PYTHON_HOOKS_H
#define MEMTRACE_SHIM_PYTHON_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

/* What the calling thread's hook of an interpreter's allocator is in the middle of. */
struct python_call {
    uint32_t inside;
    uint32_t paused;  /* a library is being unloaded: it may be the interpreter */
    uintptr_t served; /* the block that malloc made for it last */
    uintptr_t fresh;  /* the block that such a hook gave last, until it has become an object */
    uint32_t passing; /* a tracer that the program set before ours is being called */
};
extern __thread struct python_call python_call
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

void python_install_hooks(void);

/* A malloc that was made while Python code runs on this thread. PYTHONMALLOC and -X dev make the interpreter
 * set its allocators anew after they were hooked: noticed here, and hooked once more. */
void python_noticed_malloc(void *thread_state);

#endif
