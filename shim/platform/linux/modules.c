/* modules.c — platform/modules.h: by the loader's _dl_find_object, which is lock-free and signal-safe, and
 * where there is none (glibc before 2.35) by a list of our own.
 */
#define _GNU_SOURCE
#include "shim/platform/modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>

#include "shim/platform/linux/module_list.h"

#if __GLIBC_PREREQ(2, 35)
#pragma weak _dl_find_object

/* For a main program whose segments are not mapped as one (node, many non-PIE programs) the loader names only
 * the segment that was hit; its program headers tell all of them. */
static void widen_to_program(struct loaded_module *module) {
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    unsigned long count = getauxval(AT_PHNUM);
    for (unsigned long i = 0; segment && i < count; i++) {
        uintptr_t begin = module->bias + (segment[i].p_vaddr & ~(uintptr_t)4095);
        uintptr_t end = module->bias + segment[i].p_vaddr + segment[i].p_memsz;
        if (segment[i].p_type != PT_LOAD)
            continue;
        module->base = begin < module->base ? begin : module->base;
        module->end = end > module->end ? end : module->end;
    }
}

static bool has_loader(void) {
    return _dl_find_object != NULL; /* not where it runs on an older glibc than it was built on */
}

static bool ask_loader(uintptr_t pc, struct loaded_module *module) {
    struct dl_find_object object;
    if (_dl_find_object((void *)pc, &object) != 0)
        return false;
    module->base = (uintptr_t)object.dlfo_map_start;
    module->end = (uintptr_t)object.dlfo_map_end;
    module->bias = object.dlfo_link_map->l_addr;
    module->path = object.dlfo_link_map->l_name ? object.dlfo_link_map->l_name : "";
    module->eh_frame_header = object.dlfo_eh_frame;
    if (!module->path[0])
        widen_to_program(module);
    return true;
}
#else
static bool has_loader(void) {
    return false;
}

static bool ask_loader(uintptr_t pc, struct loaded_module *module) {
    (void)pc, (void)module;
    return false;
}
#endif

bool platform_find_module(uintptr_t pc, struct loaded_module *module) {
    return has_loader() ? ask_loader(pc, module) : module_list_find(pc, module);
}

bool platform_is_one_module(uintptr_t a, uintptr_t b) {
    struct loaded_module one, two;
    return platform_find_module(a, &one) && platform_find_module(b, &two) && one.base == two.base;
}

bool platform_find_program(struct loaded_module *module) {
    return platform_find_module(getauxval(AT_PHDR), module);
}

void platform_forget_modules(void) {
    if (!has_loader())
        module_list_forget();
}

bool platform_is_loader(const struct loaded_module *module) {
    return module->base == getauxval(AT_BASE);
}

/* Finds NT_GNU_BUILD_ID among the notes at [at, end). Note: name size, descriptor size, type, name,
 * descriptor. */
static uint32_t find_build_id(const uint8_t *at, const uint8_t *end, uint8_t *id, uint32_t size) {
    while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, at, sizeof note);
        const uint8_t *name = at + sizeof note;
        size_t name_bytes = ((size_t)note.n_namesz + 3) & ~(size_t)3;
        size_t id_bytes = ((size_t)note.n_descsz + 3) & ~(size_t)3;
        if ((size_t)(end - name) < name_bytes + id_bytes)
            return 0;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
            uint32_t n = note.n_descsz < size ? note.n_descsz : size;
            memcpy(id, name + name_bytes, n);
            return n;
        }
        at = name + name_bytes + id_bytes;
    }
    return 0;
}

uint32_t platform_build_id(const struct loaded_module *module, uint8_t *id, uint32_t size) {
    /* The first segment of a module holds its ELF header and, with every linker in use, the program headers.
     */
    ElfW(Ehdr) header;
    memcpy(&header, (const void *)module->base, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(ElfW(Phdr)))
        return 0;
    uintptr_t table = module->base + header.e_phoff;
    if (header.e_phoff > 4096 || table + header.e_phnum * sizeof(ElfW(Phdr)) > module->end)
        return 0;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        ElfW(Phdr) segment;
        memcpy(&segment, (const uint8_t *)table + i * sizeof segment, sizeof segment);
        uintptr_t at = module->bias + segment.p_vaddr;
        if (segment.p_type != PT_NOTE || at < module->base || at + segment.p_memsz > module->end)
            continue;
        uint32_t n = find_build_id((const uint8_t *)at, (const uint8_t *)at + segment.p_memsz, id, size);
        if (n)
            return n;
    }
    return 0;
}
