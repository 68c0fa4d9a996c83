/* functions.h — the physical functions of a unit and what was inlined into each. */
#ifndef SYMBOLIZER_FUNCTIONS_H
#define SYMBOLIZER_FUNCTIONS_H

#include "units.h"

#define INLINE_DEPTH_MAX 256

/* Walks the unit once: its functions by address, and the scopes around them. */
void functions_load(struct unit *unit);
/* The physical function at `address`, or NULL. Loads the unit. */
struct function *functions_at(struct unit *unit, Dwarf_Addr address);
/* The inlined calls around `address`, outermost first, into `chain` (INLINE_DEPTH_MAX entries); returns how
 * many. */
size_t functions_inlines_at(struct function *function, Dwarf_Addr address, struct inlined **chain);
void functions_free(struct unit *unit);

#endif
