/* lookup.c — from an address to frames: unit, function, inlined calls, line.
 *
 * Each frame's line is where that function was when it called the next inner
 * one: frames[0] takes it from the line table, frames[i] from the call site of
 * the inlined call i-1.
 */
#define _GNU_SOURCE
#include "lookup.h"
#include "lines.h"
#include "names.h"
#include "paths.h"
#include <dwarf.h>

struct place {
    uint32_t file, line;
};

static struct place place_of_line(struct module *module, struct unit *unit, Dwarf_Addr address) {
    struct place place = {STRING_UNKNOWN, 0};
    Dwarf_Line *line = lines_at(module->dwarf, unit->die, address);
    const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
    int number = 0;
    if (!file)
        return place;
    dwarf_lineno(line, &number);
    place.file = paths_intern(unit->directory, file);
    place.line = number > 0 ? (uint32_t)number : 0;
    return place;
}

static Dwarf_Word number_of(Dwarf_Die *die, unsigned name) {
    Dwarf_Attribute attribute;
    Dwarf_Word value = 0;
    if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0)
        return 0;
    return value;
}

static struct place place_of_call(struct module *module, struct unit *unit, Dwarf_Die *call) {
    struct place place = {STRING_UNKNOWN, (uint32_t)number_of(call, DW_AT_call_line)};
    const char *file = lines_file(module->dwarf, unit->die, number_of(call, DW_AT_call_file));
    if (file)
        place.file = paths_intern(unit->directory, file);
    return place;
}

static uint32_t cached_name(struct module *module, struct unit *unit, Dwarf_Die *die, uint32_t *cache) {
    if (*cache == NAME_UNSET)
        *cache = names_of(&module->units, unit, die);
    return *cache;
}

static uint32_t symbol_name(struct module *module, Dwarf_Addr address) {
    symtab_load(&module->symtab, module->dwfl_module);
    const char *name = symtab_find(&module->symtab, address);
    return name ? names_of_symbol(name) : STRING_UNKNOWN;
}

/* Frames from debug information; `address` is the link-time one, `pc` the same in DWARF's terms. */
static size_t from_dwarf(struct module *module, Dwarf_Addr address, Dwarf_Addr pc, struct frame *frames) {
    struct unit *unit = units_at(&module->units, pc);
    if (!unit)
        return 0;
    struct place place = place_of_line(module, unit, pc);
    struct function *function = functions_at(unit, pc);
    size_t count = 0;
    if (function) {
        struct inlined *chain[INLINE_DEPTH_MAX];
        for (size_t i = functions_inlines_at(function, pc, chain); i-- > 0;) {
            uint32_t name = cached_name(module, unit, &chain[i]->die, &chain[i]->name);
            frames[count++] = (struct frame){name, place.file, place.line};
            place = place_of_call(module, unit, &chain[i]->die);
        }
    }
    uint32_t name = function ? cached_name(module, unit, &function->die, &function->name) : STRING_UNKNOWN;
    if (name == STRING_UNKNOWN)
        name = symbol_name(module, address);
    if (!function && place.file == STRING_UNKNOWN && name == STRING_UNKNOWN)
        return 0;
    frames[count++] = (struct frame){name, place.file, place.line};
    return count;
}

size_t lookup_address(struct module *module, Dwarf_Addr address, struct frame *frames) {
    if (!module->dwfl_module)
        return 0;
    size_t count = from_dwarf(module, address, address - module->bias, frames);
    if (count)
        return count;
    uint32_t name = symbol_name(module, address);
    if (name == STRING_UNKNOWN)
        return 0;
    frames[0] = (struct frame){name, STRING_UNKNOWN, 0};
    return 1;
}
