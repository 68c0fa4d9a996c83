/* module.h — one ELF file: identity, debug information, units, symbols. */
#ifndef SYMBOLIZER_MODULE_H
#define SYMBOLIZER_MODULE_H

#include "symtab.h"
#include "units.h"

#define BUILD_ID_TEXT 129 /* 64 bytes in hex, and the zero */

/* The words of an "M" answer, protocol.md. */
enum module_state {
    MODULE_CLOSED,     /* not opened yet, or evicted */
    MODULE_LINES,      /* has debug information */
    MODULE_SYMBOLS,    /* a symbol table, no debug information */
    MODULE_EXPORTS,    /* exported names only */
    MODULE_STRIPPED,   /* no names at all */
    MODULE_COMPRESSED, /* debug information in a form that libdw cannot read */
    MODULE_MISMATCH,   /* the file is not the one that was loaded, and its debug file is not here */
    MODULE_UNREADABLE, /* no such file, or not an ELF file */
};

struct module {
    char *name;     /* path as the traced process knows it: where debug links start from */
    char *source;   /* path to open it by, "" when the daemon could not reach it */
    char *build_id; /* hex of the loaded file, "" when it had none */
    enum module_state state;
    char detail[256]; /* for people: the found build-id, the error */
    Dwfl *dwfl;
    Dwfl_Module *dwfl_module;
    Dwarf *dwarf;
    Dwarf_Addr bias; /* link-time address = DWARF address + bias */
    struct units units;
    struct symtab symtab;
    unsigned long last_use; /* kept by registry.c */
};

/* Opens the file if it is the right one, else its debug file by build-id. Sets state and detail. */
void module_open(struct module *module);
/* Gives back everything but the definition (name, source, build_id). */
void module_close(struct module *module);
const char *module_state_word(enum module_state state);

#endif
