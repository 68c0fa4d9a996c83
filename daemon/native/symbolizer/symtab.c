/* symtab.c — sorted symbols of one module.
 *
 * Replaces dwfl_module_addrinfo, which scans linearly (2.4 ms per address on
 * node). Must never answer with the nearest symbol: in a stripped file that is
 * a wrong name nine times out of ten.
 */
#include "symtab.h"
#include "array.h"

#define OVERLAPS_MAX 16 /* distinct starts tried backwards from the address */

static bool has_section(Elf *elf, GElf_Word type) {
    Elf_Scn *section = NULL;
    GElf_Shdr header;
    while ((section = elf_nextscn(elf, section)))
        if (gelf_getshdr(section, &header) && header.sh_type == type)
            return true;
    return false;
}

static GElf_Addr section_end(Elf *elf, GElf_Word index, GElf_Addr bias) {
    Elf_Scn *section = elf_getscn(elf, index);
    GElf_Shdr header;
    return section && gelf_getshdr(section, &header) ? header.sh_addr + header.sh_size + bias : 0;
}

/* Functions before labels, sized before unsized, global before weak before local, `write` before `__write`.
 */
static int rank_of(const GElf_Sym *symbol, const char *name) {
    int binding = GELF_ST_BIND(symbol->st_info), underscores = 0;
    if (strncmp(name, "_Z", 2) != 0 && strncmp(name, "_R", 2) != 0)
        while (underscores < 3 && name[underscores] == '_')
            underscores++;
    return (GELF_ST_TYPE(symbol->st_info) == STT_NOTYPE ? 1000 : 0) + (symbol->st_size == 0 ? 100 : 0) +
           (binding == STB_LOCAL  ? 20
            : binding == STB_WEAK ? 10
                                  : 0) +
           underscores;
}

static bool is_code(const GElf_Sym *symbol, GElf_Word section) {
    int type = GELF_ST_TYPE(symbol->st_info);
    if (section == SHN_UNDEF || section >= SHN_LORESERVE)
        return false;
    return type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
}

static int compare(const void *left, const void *right) {
    const struct symbol *a = left, *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->rank - b->rank;
}

/* A symbol without a size ends where the next one starts: `end` holds the end of its section so far. */
static void close_unsized(struct symtab *symtab) {
    GElf_Addr next = (GElf_Addr)-1, above = (GElf_Addr)-1;
    for (size_t i = symtab->count; i-- > 0;) {
        struct symbol *symbol = &symtab->items[i];
        if (symbol->start != next) {
            above = next;
            next = symbol->start;
        }
        if (symbol->rank % 1000 >= 100 && symbol->end > above)
            symbol->end = above;
    }
}

void symtab_load(struct symtab *symtab, Dwfl_Module *module) {
    if (symtab->loaded)
        return;
    symtab->loaded = true;
    int count = dwfl_module_getsymtab(module);
    Elf *last_elf = NULL;
    bool full = false;
    for (int i = 1; i < count; i++) {
        GElf_Sym symbol;
        GElf_Addr start;
        GElf_Word section;
        Elf *elf;
        Dwarf_Addr bias;
        const char *name = dwfl_module_getsym_info(module, i, &symbol, &start, &section, &elf, &bias);
        if (!name || !*name || !is_code(&symbol, section))
            continue;
        if (elf != last_elf) {
            last_elf = elf;
            full = has_section(elf, SHT_SYMTAB);
            symtab->full |= full;
        }
        /* Without a size: labels of assembly reach to the next symbol, if all symbols are there. */
        GElf_Addr end = symbol.st_size ? start + symbol.st_size
                        : full         ? section_end(elf, section, bias)
                                       : start + 1;
        if (end > start)
            *ARRAY_PUSH(symtab->items, symtab->count, symtab->capacity) =
                (struct symbol){start, end, name, rank_of(&symbol, name)};
    }
    if (symtab->count)
        qsort(symtab->items, symtab->count, sizeof *symtab->items, compare);
    close_unsized(symtab);
}

const char *symtab_find(const struct symtab *symtab, GElf_Addr address) {
    size_t low = 0, high = symtab->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symtab->items[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (int tries = 0; low > 0 && tries < OVERLAPS_MAX; tries++) {
        size_t first = low - 1; /* of the aliases with this start: best rank first */
        while (first > 0 && symtab->items[first - 1].start == symtab->items[low - 1].start)
            first--;
        for (size_t i = first; i < low; i++)
            if (address < symtab->items[i].end)
                return symtab->items[i].name;
        low = first;
    }
    return NULL;
}

void symtab_free(struct symtab *symtab) {
    free(symtab->items);
    *symtab = (struct symtab){0};
}
