/* symbols.h — the address of an exported symbol of a loaded module.
 *
 * What dlsym would say, but without the loader: never allocates or locks, any thread, also inside malloc.
 */
#ifndef MEMTRACE_SHIM_PLATFORM_SYMBOLS_H
#define MEMTRACE_SHIM_PLATFORM_SYMBOLS_H

#include "shim/platform/modules.h"

/* NULL: the module does not define it. `bytes` gets the symbol's size where it is not NULL. */
void *platform_find_symbol(const struct loaded_module *module, const char *name, uint64_t *bytes);

#endif
