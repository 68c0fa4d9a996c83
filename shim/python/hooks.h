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

#include "shim/platform/arch.h"
#include "shim/util.h"

/* What the calling thread's hook of an interpreter's allocator is in the middle of. */
struct python_call {
    uint64_t inside;  /* its walk_call; 0: in none. Ask python_is_inside */
    uint32_t paused;  /* a library is being unloaded: it may be the interpreter */
    uintptr_t served; /* the block that malloc made for it first; UINTPTR_MAX: none yet */
    uintptr_t fresh;  /* the block that such a hook gave last, until it has become an object */
    uint32_t passing; /* a tracer that the program set before ours is being called */
    /* Since python_noticed_malloc last was content: */
    uint32_t called;  /* a bit for each domain of which a hook was called */
    uint32_t mallocs; /* that it was told of */
};
extern __thread struct python_call python_call
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Is this call part of one that such a hook is in the middle of? A handler may have left it by longjmp. */
bool python_call_goes_on(const struct caller *caller);
INLINE bool python_is_inside(const struct caller *caller) {
    return unlikely(python_call.inside) && python_call_goes_on(caller);
}

/* Malloc made this block. The first one is what the hook's allocator hands out, if it is malloc's at all:
 * what stands in between (tracemalloc) asks for memory of its own only when it has got the object's. */
INLINE void python_note_served(const void *block) {
    if (python_call.served == UINTPTR_MAX)
        python_call.served = (uintptr_t)block;
}

void python_install_hooks(void);

/* Hooks get lost: PYTHONMALLOC and -X dev make the interpreter set its allocators anew after they were
 * hooked; from 3.12 on each further Py_Initialize resets them; a program may set those that it saved. Noticed
 * here, and hooked once more; what addresses of code objects stand for is void by that. */

/* A malloc of the holder of the GIL while the interpreter starts or ends: allocators that were hooked before
 * are again at once, when there are no objects yet. */
void python_noticed_start(void);
/* A malloc that was made while Python code runs on this thread. Some without a call of a hook, and the
 * allocators may be such as were never seen. */
void python_noticed_malloc(void *thread_state);

#endif
