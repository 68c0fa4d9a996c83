/* registry.h — the modules that the daemon has defined; few of them are open at a time. */
#ifndef SYMBOLIZER_REGISTRY_H
#define SYMBOLIZER_REGISTRY_H

#include "module.h"

/* Defines module `number` (0, 1, 2...); the texts are copied. A second definition replaces the first. */
void registry_define(unsigned number, const char *build_id, const char *source, const char *name);
/* The module, opened; NULL when it was never defined. *opened_now tells whether that happened in this call.
 */
struct module *registry_open(unsigned number, bool *opened_now);
/* Closes the modules used longest ago while too many are open or they take too much memory. */
void registry_trim(void);

#endif
