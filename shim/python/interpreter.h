/* interpreter.h — the CPython interpreter in this process, found by its exported symbols.
 *
 * Each module is looked at when it is first recorded (modules.c), so that an interpreter is found however it
 * came: as the program, as a library loaded at start or by a later dlopen. Owned by interpreter.c. Survives a
 * fork, as the interpreter does.
 */
#ifndef MEMTRACE_SHIM_PYTHON_INTERPRETER_H
#define MEMTRACE_SHIM_PYTHON_INTERPRETER_H

#include <stdbool.h>

#include "shim/platform/modules.h"
#include "shim/python/layout.h"
#include "shim/util.h"

/* PyMemAllocatorEx */
struct python_allocator {
    void *context;
    void *(*malloc)(void *context, size_t size);
    void *(*calloc)(void *context, size_t count, size_t size);
    void *(*realloc)(void *context, void *block, size_t size);
    void (*free)(void *context, void *block);
};
/* PyMemAllocatorDomain. RAW is not hooked: it is malloc, which is traced by itself. */
enum python_domain { PYTHON_RAW = 0, PYTHON_MEM = 1, PYTHON_OBJ = 2 };

/* PyRefTracer: told of each object that is made (event 0) and that dies (1). */
typedef int python_tracer(void *object, int event, void *data);

struct python {
    bool active; /* all below is valid: Python frames can be read */
    int minor;
    uintptr_t base, end;         /* its module */
    uintptr_t eval, eval_end;    /* _PyEval_EvalFrameDefault: a call of it runs one or more Python frames */
    void *code_type, *text_type; /* PyCode_Type, PyUnicode_Type */
    void *(*current)(void);      /* thread state of whoever holds the GIL */
    void *(*of_this_thread)(void);
    int (*is_initialized)(void);
    void (*get_allocator)(int domain, struct python_allocator *allocator);
    void (*set_allocator)(int domain, const struct python_allocator *allocator);
    void (*set_up_debug)(void);                /* NULL: not there */
    python_tracer *(*get_tracer)(void **data); /* NULL before 3.13 */
    int (*set_tracer)(python_tracer *tracer, void *data);
};
extern struct python python __attribute__((visibility("hidden")));

/* Is this module an interpreter? Then its frames are read from now on and its allocators are hooked. */
void python_look_at(const struct loaded_module *module);
/* Modules were unloaded, perhaps the interpreter. */
void python_check_gone(void);

#endif
