/* reused.c — the reference tracer. Rules: reused.h. */
#include "shim/python/reused.h"

#include "shim/python/hooks.h"
#include "shim/python/interpreter.h"
#include "shim/trace.h"

#define OBJECT_MADE 0 /* PyRefTracer_CREATE */

/* What may lie between the beginning of a block and its object. */
#define HEADERS_MOST 64

/* The tracer that was set before ours. Changed and called by the holder of the GIL. */
static struct {
    python_tracer *call;
    void *data;
} before;

/* The block of an object, by what its type says lies before it. */
static uintptr_t block_of(uintptr_t object) {
    uintptr_t type = *(const uintptr_t *)(object + PYTHON_TYPE);
    uint64_t flags = *(const uint64_t *)(type + PYTHON_TYPE_FLAGS);
    return object - (flags & PYTHON_TYPE_IS_GC ? PYTHON_GC_HEAD : 0) -
           (flags & PYTHON_TYPE_PREHEADER ? PYTHON_PREHEADER : 0);
}

static void made(uintptr_t object, const struct caller *caller) {
    uintptr_t fresh = python_call.fresh;
    python_call.fresh = 0;
    if (object - fresh <= HEADERS_MOST)
        return;
    struct thread *t = trace_enter(caller);
    if (!t)
        return;
    trace_python_reused(t, (const void *)block_of(object), caller);
    trace_leave(t);
}

static int on_object(void *object, int event, void *data) {
    (void)data;
    if (python_call.passing)
        return 0; /* the program's own tracer calls the one before it, which is ours */
    if (event == OBJECT_MADE)
        made((uintptr_t)object, CALLER());
    if (!before.call)
        return 0;
    python_call.passing = 1;
    int result = before.call(object, event, before.data);
    python_call.passing = 0;
    return result;
}

void python_watch_reuse(void) {
    if (!python.get_tracer)
        return;
    void *data = NULL;
    python_tracer *now = python.get_tracer(&data);
    if (likely(now == on_object))
        return;
    before.call = now;
    before.data = data;
    python.set_tracer(on_object, NULL);
}
