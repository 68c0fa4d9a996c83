/* units.h — the compilation units of a module, found by address, and what each one owns. */
#ifndef SYMBOLIZER_UNITS_H
#define SYMBOLIZER_UNITS_H

#include "ranges.h"
#include "scopes.h"

/* One inlined call, once per address range of its body. */
struct inlined {
    Dwarf_Addr low, high;
    uint32_t depth; /* 0: inlined straight into the physical function */
    uint32_t name;  /* cached by names_of, NAME_UNSET before */
    Dwarf_Die die;
};

/* One physical function. */
struct function {
    Dwarf_Die die;
    uint32_t name; /* cached by names_of, NAME_UNSET before */
    bool inlines_loaded;
    struct inlined *inlines;
    size_t inline_count, inline_capacity;
};

struct unit {
    Dwarf_Die die;         /* the split half (.dwo) where there is one */
    const char *directory; /* DW_AT_comp_dir, NULL when absent */
    bool is_c;             /* plain names are right, linkage names are aliases such as __GI_malloc */
    bool functions_loaded; /* the fields below are valid; see functions_load */
    struct ranges code;    /* -> functions */
    struct function *functions;
    size_t function_count, function_capacity;
    struct scopes scopes;
};

struct units {
    bool lacks_split; /* one of them has its other half in a .dwo file that is not there */
    struct unit *items;
    size_t count, capacity;
    struct ranges code;      /* -> items */
    struct unit **by_handle; /* sorted by items[i]->die.cu */
};

/* Reads the table of units, not their contents. Once. */
void units_load(struct units *units, Dwarf *dwarf);
/* The unit whose code contains `address`, or NULL. */
struct unit *units_at(const struct units *units, Dwarf_Addr address);
/* The unit that holds `die`, or NULL (type units, supplementary files). */
struct unit *units_of(const struct units *units, const Dwarf_Die *die);
void units_free(struct units *units);

#endif
