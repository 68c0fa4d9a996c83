/* lookup.h — from an address to frames. */
#ifndef SYMBOLIZER_LOOKUP_H
#define SYMBOLIZER_LOOKUP_H

#include "functions.h"
#include "module.h"
#include "output.h"

#define LOOKUP_FRAMES_MAX (INLINE_DEPTH_MAX + 1)

/* Frames at a link-time address of an open module, innermost first, the physical function last.
 * Returns how many were written to `frames` (LOOKUP_FRAMES_MAX entries); 0: nothing is known. */
size_t lookup_address(struct module *module, Dwarf_Addr address, struct frame *frames);

#endif
