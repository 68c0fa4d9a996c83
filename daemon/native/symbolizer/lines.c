/* lines.c — line tables, by a handle of their own.
 *
 * libdw keeps every table that it has read until its handle is closed, some 40
 * bytes for each line: 20 MiB for one python3. A second handle of the same file
 * costs little, since the sections belong to the file, and can be closed at any
 * time. Addresses come in their order, so hardly a table is read twice.
 */
#include "lines.h"
#include <string.h>

#define LINES_MAX 100000 /* 4 MiB; one table may have more */

static struct {
    Dwarf *of;     /* the module's handle */
    Dwarf *dwarf;  /* the one for lines */
    size_t count;  /* of lines read by it */
    Dwarf_CU *cu;  /* of the root that was asked for last */
    Dwarf_Die die; /* that root, in the handle for lines */
} kept;

void lines_forget(void) {
    dwarf_end(kept.dwarf);
    memset(&kept, 0, sizeof kept);
}

static Dwarf *begin(Dwarf *dwarf) {
    kept.of = dwarf;
    kept.dwarf = dwarf_begin_elf(dwarf_getelf(dwarf), DWARF_C_READ, NULL);
    if (kept.dwarf)
        dwarf_setalt(kept.dwarf, dwarf_getalt(dwarf));
    return kept.dwarf;
}

/* The same root in the handle for lines. A .dwo file has a handle of its own, which keeps its few lines. */
static Dwarf_Die *root_of(Dwarf *dwarf, Dwarf_Die unit) {
    if (unit.cu == kept.cu)
        return &kept.die;
    if (dwarf != kept.of || kept.count > LINES_MAX)
        lines_forget();
    kept.cu = unit.cu;
    kept.die = unit;
    if (dwarf_cu_getdwarf(unit.cu) != dwarf || (!kept.dwarf && !begin(dwarf)))
        return &kept.die;
    Dwarf_Lines *table;
    size_t count;
    if (!dwarf_offdie(kept.dwarf, dwarf_dieoffset(&unit), &kept.die))
        kept.die = unit;
    else if (dwarf_getsrclines(&kept.die, &table, &count) == 0)
        kept.count += count;
    return &kept.die;
}

Dwarf_Line *lines_at(Dwarf *dwarf, Dwarf_Die unit, Dwarf_Addr address) {
    return dwarf_getsrc_die(root_of(dwarf, unit), address);
}

const char *lines_file(Dwarf *dwarf, Dwarf_Die unit, size_t number) {
    Dwarf_Files *files;
    size_t count;
    if (dwarf_getsrcfiles(root_of(dwarf, unit), &files, &count) != 0)
        return NULL;
    return dwarf_filesrc(files, number, NULL, NULL);
}
