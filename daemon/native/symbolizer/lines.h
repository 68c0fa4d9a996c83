/* lines.h — line tables: read when needed, given back soon. */
#ifndef SYMBOLIZER_LINES_H
#define SYMBOLIZER_LINES_H

#include <elfutils/libdw.h>
#include <stddef.h>

/* `dwarf` is a module's, `unit` a root DIE in there or in a .dwo file that belongs to it. What these two give
 * is gone with the next call. */
Dwarf_Line *lines_at(Dwarf *dwarf, Dwarf_Die unit, Dwarf_Addr address);
/* The unit's file of this number, or NULL. */
const char *lines_file(Dwarf *dwarf, Dwarf_Die unit, size_t number);
/* Gives back what is kept. Before `dwarf` ends. */
void lines_forget(void);

#endif
