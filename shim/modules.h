/* modules.h — the segment's table of modules: which file an address belonged to when it was seen.
 *
 * A module is recorded at the first sight of one of its addresses. One that is unloaded keeps its entry,
 * marked MODULE_GONE, so that an old address never takes the name of what is mapped there later; only the
 * very same file at the very same place takes it back.
 */
#ifndef MEMTRACE_SHIM_MODULES_H
#define MEMTRACE_SHIM_MODULES_H

#include <stdbool.h>
#include <stdint.h>

/* The module of `pc`, recorded if need be; MODULE_NONE when it is in no module. Lock-free. */
uint32_t modules_index(uint64_t pc);
bool modules_is_gone(uint32_t index);

/* At the first sight of `pc`: has its module been replaced without a dlclose, as the C library does with what
 * it loads for itself (character sets, name services)? Then as after one. */
void modules_verify(uintptr_t pc);

/* After a dlclose: marks what is no longer mapped, and if anything is, starts a new epoch. No signal handler
 * comes in between. */
void modules_refresh(void);

#endif
