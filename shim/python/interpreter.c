/* interpreter.c — finds CPython and says which version it is. Rules: interpreter.h. */
#include "shim/python/interpreter.h"

#include <string.h>

#include "shim/platform/symbols.h"
#include "shim/process.h"
#include "shim/python/hooks.h"

struct python python;

struct version {
    int major, minor;
};

/* "3.11.2 (main, …" */
static struct version parse(const char *text) {
    struct version v = {0, 0};
    while (*text >= '0' && *text <= '9')
        v.major = v.major * 10 + (*text++ - '0');
    if (*text == '.')
        text++;
    while (*text >= '0' && *text <= '9')
        v.minor = v.minor * 10 + (*text++ - '0');
    return v;
}

static enum python_refusal judge(const struct loaded_module *module, const char *version) {
    struct version v = parse(version);
    if (v.major != 3 || v.minor < PYTHON_MINOR_FIRST || v.minor > PYTHON_MINOR_LAST)
        return PYTHON_REFUSED_VERSION;
    if (strstr(version, "free-threading"))
        return PYTHON_REFUSED_FREE_THREADED;
    if (platform_find_symbol(module, "_Py_PrintReferences", NULL)) /* --with-trace-refs */
        return PYTHON_REFUSED_DEBUG;
    return PYTHON_ACCEPTED;
}

/* Of an object of the library that the main program names itself, the loader puts a copy into the program,
 * and all use that one. */
static void *find_object(const struct loaded_module *m, const char *name) {
    struct loaded_module program;
    void *copy = platform_find_program(&program) ? platform_find_symbol(&program, name, NULL) : NULL;
    return copy ? copy : platform_find_symbol(m, name, NULL);
}

static bool find_functions(const struct loaded_module *m, struct python *p) {
    uint64_t eval_bytes = 0;
    *(void **)&p->get_allocator = platform_find_symbol(m, "PyMem_GetAllocator", NULL);
    *(void **)&p->set_allocator = platform_find_symbol(m, "PyMem_SetAllocator", NULL);
    *(void **)&p->set_up_debug = platform_find_symbol(m, "PyMem_SetupDebugHooks", NULL);
    *(void **)&p->current = platform_find_symbol(m, "PyThreadState_GetUnchecked", NULL);
    if (!p->current)
        *(void **)&p->current = platform_find_symbol(m, "_PyThreadState_UncheckedGet", NULL);
    *(void **)&p->of_this_thread = platform_find_symbol(m, "PyGILState_GetThisThreadState", NULL);
    *(void **)&p->is_initialized = platform_find_symbol(m, "Py_IsInitialized", NULL);
    *(void **)&p->get_tracer = platform_find_symbol(m, "PyRefTracer_GetTracer", NULL);
    *(void **)&p->set_tracer = platform_find_symbol(m, "PyRefTracer_SetTracer", NULL);
    if (!p->set_tracer)
        p->get_tracer = NULL;
    p->code_type = find_object(m, "PyCode_Type");
    p->text_type = find_object(m, "PyUnicode_Type");
    p->eval = (uintptr_t)platform_find_symbol(m, "_PyEval_EvalFrameDefault", &eval_bytes);
    p->eval_end = p->eval + eval_bytes;
    return p->get_allocator && p->set_allocator && p->current && p->of_this_thread && p->is_initialized &&
           p->code_type && p->text_type && p->eval && eval_bytes;
}

static void adopt(const struct loaded_module *module, const char *(*get_version)(void)) {
    const char *text = get_version();
    struct version v = parse(text);
    struct python found = {.minor = v.minor, .base = module->base, .end = module->end};
    enum python_refusal refusal = judge(module, text);
    if (refusal == PYTHON_ACCEPTED && !find_functions(module, &found))
        refusal = PYTHON_REFUSED_SYMBOLS;
    process->segment->python_refusal = refusal;
    store_release(&process->segment->python_version, (uint32_t)(v.major << 8 | v.minor));
    if (refusal != PYTHON_ACCEPTED || python.active)
        return; /* active already: this is a fork, or a second interpreter */
    python = found;
    python_install_hooks();
    store_release(&python.active, true);
}

void python_look_at(const struct loaded_module *module) {
    const char *(*get_version)(void);
    if (!platform_find_symbol(module, "PyMem_SetAllocator", NULL))
        return;
    *(void **)&get_version = platform_find_symbol(module, "Py_GetVersion", NULL);
    if (!get_version)
        return;
    uint64_t signals = os_hold_signals(); /* a handler could leave it half done for good */
    if (!__atomic_exchange_n(&process->python_looking, 1, __ATOMIC_ACQUIRE)) {
        adopt(module, get_version);
        store_release(&process->python_looking, 0);
    }
    os_let_signals(signals);
}

void python_check_gone(void) {
    struct loaded_module now;
    if (python.active && (!platform_find_module(python.base, &now) || now.base != python.base))
        store_release(&python.active, false);
}
