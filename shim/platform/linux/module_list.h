/* module_list.h — platform/modules.h for a C library without _dl_find_object (glibc before 2.35).
 *
 * The loader's own list cannot be read without its lock, which the thread that allocates may hold. So modules
 * are found in /proc/self/maps, by system calls alone, and remembered. Never allocates or waits for a lock;
 * any thread, any signal handler, inside malloc.
 */
#ifndef MEMTRACE_SHIM_PLATFORM_MODULE_LIST_H
#define MEMTRACE_SHIM_PLATFORM_MODULE_LIST_H

#include "shim/platform/modules.h"

/* False: no module is there, or there were more than can be remembered (some 500). */
bool module_list_find(uintptr_t pc, struct loaded_module *module);
/* Something was unmapped, or this is a forked child, whose list a thread of its parent may have been writing:
 * all that is remembered is to be found anew. */
void module_list_forget(void);

#endif
