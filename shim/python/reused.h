/* reused.h — objects in blocks that the interpreter had kept.
 *
 * CPython keeps dead lists, dictionaries, tuples, floats and their like, and makes new ones of them without
 * asking any allocator. From 3.13 on its reference tracer tells of each object that is made: one that is not
 * in the block just allocated lies in a kept one, which then belongs to the line that runs. There is one
 * tracer; a program's own, tracemalloc's for one, goes on being called. Before 3.13 nothing tells
 * (docs/limits.md).
 */
#ifndef MEMTRACE_SHIM_PYTHON_REUSED_H
#define MEMTRACE_SHIM_PYTHON_REUSED_H

/* Sees to it that our tracer is the one that is set. Only by the holder of the GIL. */
void python_watch_reuse(void);

#endif
