/* sandbox.h — the hook of syscall(): see sandbox.c. */
#ifndef MEMTRACE_SHIM_SANDBOX_H
#define MEMTRACE_SHIM_SANDBOX_H

/* Lets syscall() go on to the real one from now on. Part of real_resolve. */
void sandbox_resolve(void);

#endif
