/* symbols.c — platform/symbols.h by a module's dynamic symbol table and its GNU hash table.
 *
 * Table: header {buckets, first hashed symbol, bloom words, bloom shift}, bloom words, buckets, chains. A
 * chain holds the hashes of consecutive symbols; the last one has bit 0 set.
 */
#define _GNU_SOURCE
#include "shim/platform/symbols.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

struct tables {
    const ElfW(Sym) * symbols;
    const char *strings;
    const uint32_t *hash;
};

/* The loader has relocated these on most machines; where it has not, they are still link-time addresses. */
static const void *pointer(const struct loaded_module *module, ElfW(Addr) value) {
    return (const void *)(value < module->base ? value + module->bias : value);
}

static bool find_tables(const struct loaded_module *module, struct tables *tables) {
    ElfW(Ehdr) header;
    memcpy(&header, (const void *)module->base, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(ElfW(Phdr)) ||
        header.e_phoff + header.e_phnum * sizeof(ElfW(Phdr)) > 4096)
        return false;
    const ElfW(Phdr) *segment = (const void *)(module->base + header.e_phoff), *dynamic = NULL;
    for (unsigned i = 0; i < header.e_phnum; i++)
        if (segment[i].p_type == PT_DYNAMIC)
            dynamic = &segment[i];
    if (!dynamic || module->bias + dynamic->p_vaddr < module->base ||
        module->bias + dynamic->p_vaddr + dynamic->p_memsz > module->end)
        return false;
    *tables = (struct tables){0};
    for (const ElfW(Dyn) *d = (const void *)(module->bias + dynamic->p_vaddr); d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_SYMTAB)
            tables->symbols = pointer(module, d->d_un.d_ptr);
        else if (d->d_tag == DT_STRTAB)
            tables->strings = pointer(module, d->d_un.d_ptr);
        else if (d->d_tag == DT_GNU_HASH)
            tables->hash = pointer(module, d->d_un.d_ptr);
    }
    return tables->symbols && tables->strings && tables->hash;
}

static uint32_t hash_of(const char *name) {
    uint32_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (uint8_t)*name;
    return hash;
}

void *platform_find_symbol(const struct loaded_module *module, const char *name, uint64_t *bytes) {
    struct tables tables;
    if (!find_tables(module, &tables))
        return NULL;
    uint32_t buckets = tables.hash[0], first = tables.hash[1], words = tables.hash[2], hash = hash_of(name);
    const uint32_t *bucket = tables.hash + 4 + (size_t)words * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
    const uint32_t *chain = bucket + buckets;
    if (!buckets)
        return NULL;
    for (uint32_t i = bucket[hash % buckets]; i >= first; i++) {
        const ElfW(Sym) *symbol = &tables.symbols[i];
        uint32_t link = chain[i - first];
        if ((link | 1) == (hash | 1) && symbol->st_shndx != SHN_UNDEF &&
            strcmp(tables.strings + symbol->st_name, name) == 0) {
            if (bytes)
                *bytes = symbol->st_size;
            return (void *)(module->bias + symbol->st_value);
        }
        if (link & 1)
            break;
    }
    return NULL;
}
