/* names.h — what a person calls a function. */
#ifndef SYMBOLIZER_NAMES_H
#define SYMBOLIZER_NAMES_H

#include "units.h"

#define NAME_UNSET ((uint32_t)-1)

/* The output number of a DIE's readable name; STRING_UNKNOWN when it has none. */
uint32_t names_of(struct units *units, struct unit *unit, Dwarf_Die *die);
/* The output number of a symbol-table name, demangled, without its version. */
uint32_t names_of_symbol(const char *symbol);

#endif
