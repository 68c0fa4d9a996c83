/* symtab.h — the symbol table of a module, for addresses without debug information. */
#ifndef SYMBOLIZER_SYMTAB_H
#define SYMBOLIZER_SYMTAB_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

struct symbol {
    GElf_Addr start, end; /* [start, end) */
    const char *name;     /* owned by the ELF file */
    int rank;             /* of the aliases at one address the lowest is shown */
};

struct symtab {
    bool loaded;
    bool full; /* from .symtab or .gnu_debugdata, not only the exported names */
    struct symbol *items;
    size_t count, capacity;
};

/* Reads the symbols on the first call. */
void symtab_load(struct symtab *symtab, Dwfl_Module *module);
/* The name of the symbol around the link-time `address`; NULL rather than a neighbour's name. */
const char *symtab_find(const struct symtab *symtab, GElf_Addr address);
void symtab_free(struct symtab *symtab);

#endif
