/* names.c — names of functions: demangled linkage names (C++, Rust, D), plain
 * names for C, and scope-qualified names where there is no linkage name.
 *
 * Every answer is an output number, cached: demangling costs a microsecond, and
 * a template name can be kilobytes long.
 */
#define _GNU_SOURCE
#include "names.h"
#include "array.h"
#include "functions.h"
#include "output.h"
#include "strings.h"
#include <dwarf.h>
#include <libiberty/demangle.h>
#include <stdio.h>

#define ORIGINS_MAX    8 /* definition -> abstract instance -> declaration; a damaged file may have a circle */
#define SCOPES_MAX     32 /* nesting of scopes in one printed name */
#define NAME_BYTES     4096
#define DEMANGLE_STYLE (DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO | DMGL_DLANG)

static struct strings demangled; /* linkage name -> output number */

static uint32_t demangle(const char *linkage) {
    if (linkage[0] != '_' || (linkage[1] != 'Z' && linkage[1] != 'R' && linkage[1] != 'D'))
        return output_string(linkage);
    int found;
    uint32_t *number = strings_at(&demangled, linkage, &found);
    if (!found) {
        char *readable = cplus_demangle(linkage, DEMANGLE_STYLE);
        *number = output_string(readable ? readable : linkage);
        free(readable);
    }
    return *number;
}

static const char *text_of(Dwarf_Die *die, unsigned name) {
    Dwarf_Attribute attribute;
    return dwarf_attr_integrate(die, name, &attribute) ? dwarf_formstring(&attribute) : NULL;
}

/* Follows abstract_origin and specification to the DIE that stands where the source declares the function. */
static Dwarf_Die declaration_of(Dwarf_Die die) {
    for (int i = 0; i < ORIGINS_MAX; i++) {
        Dwarf_Attribute attribute;
        Dwarf_Die origin;
        if (!dwarf_attr(&die, DW_AT_abstract_origin, &attribute) &&
            !dwarf_attr(&die, DW_AT_specification, &attribute))
            break;
        if (!dwarf_formref_die(&attribute, &origin))
            break;
        die = origin;
    }
    return die;
}

/* Closures are the usual classes without a name. */
static bool is_closure(struct scope *scope) {
    int tag = dwarf_tag(&scope->die);
    return (tag == DW_TAG_class_type || tag == DW_TAG_structure_type) && !text_of(&scope->die, DW_AT_name);
}

/* Counts from 1 in the order of the source, among those of the same function or namespace. */
static unsigned number_of_closure(const struct scopes *scopes, size_t index) {
    size_t parent = scopes->items[index].parent;
    size_t first = parent == SCOPE_NONE ? 0 : parent + 1;
    unsigned number = 1;
    for (size_t i = first; i < index; i++)
        number += scopes->items[i].parent == parent && is_closure(&scopes->items[i]);
    return number;
}

static int put_scope(char *buffer, size_t size, const struct scopes *scopes, size_t index) {
    struct scope *scope = &scopes->items[index];
    if (is_closure(scope))
        return snprintf(buffer, size, "{lambda#%u}::", number_of_closure(scopes, index));
    const char *name = text_of(&scope->die, DW_AT_name);
    if (!name)
        name = dwarf_tag(&scope->die) == DW_TAG_namespace ? "(anonymous namespace)" : "{unnamed}";
    return snprintf(buffer, size, "%s::", name);
}

/* Appends "outer::inner::" for the scopes around `die`; returns the length used. */
static size_t put_scopes(struct units *units, Dwarf_Die *die, char *buffer, size_t size, int budget) {
    struct unit *home = units_of(units, die);
    if (!home || budget <= 0)
        return 0;
    functions_load(home);
    size_t index = scopes_around(&home->scopes, dwarf_dieoffset(die));
    if (index == SCOPE_NONE)
        return 0;
    struct scope *scope = &home->scopes.items[index];
    Dwarf_Die declared = declaration_of(scope->die); /* a member function defined outside its class */
    size_t used = put_scopes(units, &declared, buffer, size, budget - 1);
    int written = put_scope(buffer + used, size - used, &home->scopes, index);
    if (written < 0 || (size_t)written >= size - used) {
        buffer[used] = 0;
        return used;
    }
    return used + (size_t)written;
}

uint32_t names_of(struct units *units, struct unit *unit, Dwarf_Die *die) {
    Dwarf_Die declared = declaration_of(*die);
    struct unit *home = units_of(units, &declared);
    bool is_c = home ? home->is_c : unit->is_c;
    const char *linkage = NULL;
    if (!is_c) {
        linkage = text_of(die, DW_AT_linkage_name);
        if (!linkage)
            linkage = text_of(die, DW_AT_MIPS_linkage_name);
    }
    if (linkage)
        return demangle(linkage);
    const char *name = text_of(die, DW_AT_name);
    if (!name)
        return STRING_UNKNOWN;
    if (is_c)
        return output_string(name);
    char buffer[NAME_BYTES];
    size_t used = put_scopes(units, &declared, buffer, sizeof buffer, SCOPES_MAX);
    snprintf(buffer + used, sizeof buffer - used, "%s", name);
    return output_string(buffer);
}

uint32_t names_of_symbol(const char *symbol) {
    const char *version = strchr(symbol, '@'); /* "pthread_create@@GLIBC_2.34" */
    if (!version || version == symbol)
        return demangle(symbol);
    char buffer[NAME_BYTES];
    snprintf(buffer, sizeof buffer, "%.*s", (int)(version - symbol), symbol);
    return demangle(buffer);
}
