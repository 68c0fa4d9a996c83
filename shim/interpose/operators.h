/* operators.h — the operators new and delete of the program's allocator: see operators.c. */
#ifndef MEMTRACE_SHIM_OPERATORS_H
#define MEMTRACE_SHIM_OPERATORS_H

/* Finds those that every module of the program can see. Part of real_resolve. */
void operators_resolve(void);

#endif
