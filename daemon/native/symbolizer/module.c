/* module.c — opens a file, checks that it is the one the process had loaded,
 * finds its debug file.
 *
 * A wrong name is worse than none: a file with another build-id is never used.
 * Never contacts debuginfod (main.c removes DEBUGINFOD_URLS): it would block.
 */
#define _GNU_SOURCE
#include "module.h"
#include "array.h"
#include "debug_dirs.h"
#include "lines.h"
#include "vdso.h"
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int find_no_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, char **file,
                       Elf **elf) {
    (void)module, (void)data, (void)name, (void)base, (void)file, (void)elf;
    return -1; /* every file is reported with its descriptor */
}

static const Dwfl_Callbacks callbacks = {
    .find_elf = find_no_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = &debug_dirs,
};

static void build_id_text(Dwfl_Module *module, char text[BUILD_ID_TEXT]) {
    const unsigned char *bytes;
    GElf_Addr address;
    int length = dwfl_module_build_id(module, &bytes, &address);
    text[0] = 0;
    for (int i = 0; i < length && 2 * i + 2 < BUILD_ID_TEXT; i++)
        sprintf(text + 2 * i, "%02x", bytes[i]);
}

static void end_dwfl(struct module *module) {
    dwfl_end(module->dwfl);
    module->dwfl = NULL;
    module->dwfl_module = NULL;
}

/* Takes `fd`. On failure the state says why and dwfl is NULL. */
static bool report(struct module *module, int fd) {
    module->dwfl = dwfl_begin(&callbacks);
    /* Base 0 with the file's own addresses: one address form for PIE, shared objects and fixed executables.
     */
    if (module->dwfl)
        module->dwfl_module = dwfl_report_elf(module->dwfl, module->name, module->name, fd, 0, true);
    if (!module->dwfl_module) {
        snprintf(module->detail, sizeof module->detail, "%s", dwfl_errmsg(-1));
        module->state = MODULE_UNREADABLE;
        close(fd);
        end_dwfl(module);
        return false;
    }
    dwfl_report_end(module->dwfl, NULL, NULL);
    char found[BUILD_ID_TEXT];
    build_id_text(module->dwfl_module, found);
    if (module->build_id[0] && strcmp(found, module->build_id) != 0) {
        snprintf(module->detail, sizeof module->detail, "%s", found);
        module->state = MODULE_MISMATCH;
        end_dwfl(module);
        return false;
    }
    return true;
}

static int open_source(struct module *module) {
    if (!strcmp(module->name, "[vdso]") || !strcmp(module->name, "linux-vdso.so.1"))
        return vdso_open();
    if (!module->source[0]) {
        errno = ENOENT;
        return -1;
    }
    /* Non-blocking: a pipe may lie in the place of a file that is gone. */
    int fd = open(module->source, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat status;
    if (fd < 0 || (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

static bool report_file(struct module *module) {
    int fd = open_source(module);
    if (fd >= 0)
        return report(module, fd);
    const char *why = errno == EINVAL ? "it is not a regular file" : strerror(errno);
    snprintf(module->detail, sizeof module->detail, "%s", why);
    module->state = MODULE_UNREADABLE;
    return false;
}

/* The file is gone or replaced: its separate debug file has the same names and lines. */
static bool report_debug_file(struct module *module) {
    int fd = debug_dirs_open(module->build_id);
    if (fd < 0)
        return false;
    struct module saved = *module;
    if (report(module, fd))
        return true;
    module->state = saved.state;
    memcpy(module->detail, saved.detail, sizeof module->detail);
    return false;
}

static bool has_debug_sections(Elf *elf) {
    size_t names;
    Elf_Scn *section = NULL;
    GElf_Shdr header;
    if (!elf || elf_getshdrstrndx(elf, &names) != 0)
        return false;
    while ((section = elf_nextscn(elf, section))) {
        const char *name = gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
        if (name && header.sh_type != SHT_NOBITS && !strcmp(name, ".debug_info"))
            return true;
    }
    return false;
}

static enum module_state state_without_dwarf(struct module *module) {
    GElf_Addr bias;
    if (has_debug_sections(dwfl_module_getelf(module->dwfl_module, &bias)))
        return MODULE_COMPRESSED;
    symtab_load(&module->symtab, module->dwfl_module);
    if (module->symtab.full)
        return MODULE_SYMBOLS;
    return module->symtab.count ? MODULE_EXPORTS : MODULE_STRIPPED;
}

/* The .dwo files in one, beside the program: libdw before 0.191 does not read it, and nothing is to come
 * back. */
static bool has_package(const struct module *module) {
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s.dwp", module->name);
    return length < PATH_MAX && access(path, F_OK) == 0;
}

/* Does it name a file with what it shares with others (dwz), which is not there? */
static bool lacks_supplement(Dwarf *dwarf) {
    const char *name;
    const void *id;
    return dwelf_dwarf_gnu_debugaltlink(dwarf, &name, &id) > 0 && !dwarf_getalt(dwarf);
}

void module_open(struct module *module) {
    module->detail[0] = 0;
    if (!report_file(module) && !report_debug_file(module))
        return;
    module->detail[0] = 0;
    module->dwarf = dwfl_module_getdwarf(module->dwfl_module, &module->bias);
    if (module->dwarf) {
        module->state = MODULE_LINES;
        units_load(&module->units, module->dwarf);
        if (module->units.lacks_split && !has_package(module))
            snprintf(module->detail, sizeof module->detail, "its .dwo files are not there");
        else if (lacks_supplement(module->dwarf))
            snprintf(module->detail, sizeof module->detail, "its .gnu_debugaltlink file is not there");
        return;
    }
    snprintf(module->detail, sizeof module->detail, "%s", dwfl_errmsg(-1));
    module->state = state_without_dwarf(module);
}

void module_close(struct module *module) {
    lines_forget();
    units_free(&module->units);
    symtab_free(&module->symtab);
    if (module->dwfl)
        end_dwfl(module);
    module->dwarf = NULL;
    module->state = MODULE_CLOSED;
}

const char *module_state_word(enum module_state state) {
    static const char *const words[] = {
        [MODULE_CLOSED] = "closed",     [MODULE_LINES] = "lines",
        [MODULE_SYMBOLS] = "symbols",   [MODULE_EXPORTS] = "exports",
        [MODULE_STRIPPED] = "stripped", [MODULE_COMPRESSED] = "compressed",
        [MODULE_MISMATCH] = "mismatch", [MODULE_UNREADABLE] = "unreadable",
    };
    return words[state];
}
