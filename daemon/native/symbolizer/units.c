/* units.c — reads the compilation units of a module and where their code lies.
 *
 * Reads only the headers and root DIEs: a 150 MB binary must give its first name
 * in milliseconds. The contents of a unit are functions.c's, on first use.
 */
#include "units.h"
#include "array.h"
#include "functions.h"
#include <dwarf.h>

static bool language_is_c(Dwarf_Die *die) {
    switch (dwarf_srclang(die)) {
    case DW_LANG_C:
    case DW_LANG_C89:
    case DW_LANG_C99:
    case DW_LANG_C11:
        return true;
    default:
        return false;
    }
}

/* The root DIE `die`, and `split`, its half in a .dwo file, if there is one. */
static void add_unit(struct units *units, Dwarf_Die *die, Dwarf_Die *split) {
    bool has_split = dwarf_tag(split) != DW_TAG_invalid;
    struct unit *unit = ARRAY_PUSH(units->items, units->count, units->capacity);
    *unit = (struct unit){.die = has_split ? *split : *die};
    uint32_t index = (uint32_t)(units->count - 1);
    Dwarf_Attribute attribute;
    if (dwarf_attr(die, DW_AT_comp_dir, &attribute))
        unit->directory = dwarf_formstring(&attribute);
    unit->is_c = language_is_c(&unit->die);
    if (!ranges_add_die(&units->code, die, index) && has_split)
        ranges_add_die(&units->code, split, index);
}

static int compare_handles(const void *left, const void *right) {
    const struct unit *a = *(struct unit *const *)left, *b = *(struct unit *const *)right;
    return a->die.cu < b->die.cu ? -1 : a->die.cu > b->die.cu;
}

void units_load(struct units *units, Dwarf *dwarf) {
    Dwarf_CU *cursor = NULL;
    Dwarf_Half version;
    uint8_t type;
    Dwarf_Die die, split;
    while (dwarf_get_units(dwarf, cursor, &cursor, &version, &type, &die, &split) == 0) {
        if (type == DW_UT_type || type == DW_UT_split_type)
            continue;
        add_unit(units, &die, &split);
        units->lacks_split |= type == DW_UT_skeleton && dwarf_tag(&split) == DW_TAG_invalid;
    }
    ranges_sort(&units->code);
    if (!units->count)
        return;
    units->by_handle = malloc(units->count * sizeof *units->by_handle);
    if (!units->by_handle)
        abort();
    for (size_t i = 0; i < units->count; i++)
        units->by_handle[i] = &units->items[i];
    qsort(units->by_handle, units->count, sizeof *units->by_handle, compare_handles);
}

struct unit *units_at(const struct units *units, Dwarf_Addr address) {
    long index = ranges_find(&units->code, address);
    return index < 0 ? NULL : &units->items[index];
}

struct unit *units_of(const struct units *units, const Dwarf_Die *die) {
    struct unit wanted = {.die = *die}, *key = &wanted;
    if (!units->count)
        return NULL;
    struct unit **found =
        bsearch(&key, units->by_handle, units->count, sizeof *units->by_handle, compare_handles);
    return found ? *found : NULL;
}

void units_free(struct units *units) {
    for (size_t i = 0; i < units->count; i++)
        functions_free(&units->items[i]);
    free(units->items);
    free(units->by_handle);
    ranges_free(&units->code);
    *units = (struct units){0};
}
