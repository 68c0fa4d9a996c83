/* tracer.c — a program's own reference tracer, which counts the objects made and calls the tracer before it.
 */
#include <Python.h>

static long made;
static PyRefTracer before;
static void *before_data;

static int count(PyObject *object, PyRefTracerEvent event, void *data) {
    (void)data;
    made += event == PyRefTracer_CREATE;
    return before ? before(object, event, before_data) : 0;
}

void start_counting(void);
long stop_counting(void);

void start_counting(void) {
    before = PyRefTracer_GetTracer(&before_data);
    PyRefTracer_SetTracer(count, NULL);
}

long stop_counting(void) {
    PyRefTracer_SetTracer(NULL, NULL);
    return made;
}
