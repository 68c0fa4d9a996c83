/* merge.h — native and Python frames as one stack.
 *
 * Each native frame of _PyEval_EvalFrameDefault gives way to the Python frames that this call of it runs: one
 * up to 3.10, from 3.11 on all up to the one that was called from C. Where the two sides do not add up (a
 * native stack that was cut, a call out of a part of the interpreter that its symbol does not cover), the
 * native frames down to the interpreter come first and then all Python frames.
 */
#ifndef MEMTRACE_SHIM_PYTHON_MERGE_H
#define MEMTRACE_SHIM_PYTHON_MERGE_H

#include "shim/thread.h"

/* The Python stack of the calling thread when it may be read here: no more than a look at who runs. */
uint32_t python_stack(struct thread *t);

/* The merged stack of the native one just walked (remembered, or in t->frames) and a Python stack. */
uint32_t python_merge(struct thread *t, bool remembered, uint32_t epoch, uint32_t python_node);

#endif
