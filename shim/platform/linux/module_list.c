/* module_list.c — see module_list.h. Format of the file: proc_pid_maps(5). */
#define _GNU_SOURCE
#include "shim/platform/linux/module_list.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "shim/platform/os.h"
#include "shim/util.h"

#define REMEMBERED   512
#define PATHS_BYTES  (64 << 10)
#define LINE_BYTES   1024 /* a longer path is cut */
#define WRITER_SPINS 10000
#define VDSO         "linux-vdso.so.1" /* as the loader calls it */

/* Read without a lock: whoever sees `version` odd, or another one afterwards, has read nothing. One thread
 * writes at a time; one that cannot does without. */
static struct {
    uint32_t version;
    uint32_t writing;
    uint32_t count;
    uint32_t paths_bytes;
    struct loaded_module modules[REMEMBERED];
    char paths[PATHS_BYTES];
} list;

/* ---- what is remembered ---- */

static bool recall(uintptr_t pc, struct loaded_module *module) {
    uint32_t version = load_acquire(&list.version);
    if (version & 1)
        return false;
    uint32_t count = load_relaxed(&list.count);
    for (uint32_t i = 0; i < count && i < REMEMBERED; i++) {
        *module = list.modules[i];
        if (pc < module->base || pc >= module->end)
            continue;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        return load_relaxed(&list.version) == version;
    }
    return false;
}

/* False: the writer does not end, since it is this thread's, under a signal, or was left behind by a fork. */
static bool begin_to_write(void) {
    for (uint32_t spins = 0; __atomic_exchange_n(&list.writing, 1, __ATOMIC_ACQUIRE);)
        if (++spins == WRITER_SPINS)
            return false;
    store_relaxed(&list.version, (list.version + 1) | 1); /* odd also where a writer was left behind */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    return true;
}

static void end_writing(void) {
    store_release(&list.version, list.version + 1);
    store_release(&list.writing, 0);
}

/* Puts the path where it stays. */
static bool remember(struct loaded_module *module) {
    size_t bytes = strlen(module->path) + 1;
    if (!begin_to_write())
        return false;
    bool fits = list.count < REMEMBERED && list.paths_bytes + bytes <= sizeof list.paths;
    if (fits) {
        module->path = memcpy(list.paths + list.paths_bytes, module->path, bytes);
        list.paths_bytes += (uint32_t)bytes;
        list.modules[list.count] = *module;
        store_relaxed(&list.count, list.count + 1);
    }
    end_writing();
    return fits;
}

void module_list_forget(void) {
    while (!begin_to_write())
        store_release(&list.writing, 0);
    store_relaxed(&list.count, 0);
    list.paths_bytes = 0;
    end_writing();
}

/* ---- /proc/self/maps ---- */

struct lines {
    int fd;
    size_t bytes;
    size_t at;
    char buffer[LINE_BYTES];
};

/* One character, or -1 at the end. */
static int next_char(struct lines *in) {
    if (in->at == in->bytes) {
        int64_t n = os_read(in->fd, in->buffer, sizeof in->buffer);
        in->bytes = n > 0 ? (size_t)n : 0;
        in->at = 0;
        if (!in->bytes)
            return -1;
    }
    return (unsigned char)in->buffer[in->at++];
}

static uint64_t next_number(struct lines *in, uint32_t base) {
    for (uint64_t number = 0;;) {
        int c = next_char(in);
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)c - '0'
                         : c >= 'a' && c <= 'f' ? (uint32_t)c - 'a' + 10
                                                : base;
        if (digit >= base)
            return number;
        number = number * base + digit;
    }
}

struct mapping {
    uintptr_t begin;
    uintptr_t end;
    uint64_t offset;
    uint64_t file; /* device and inode, 0: none */
    bool readable;
    char path[LINE_BYTES];
};

/* "begin-end perms offset major:minor inode   path\n" */
static bool next_mapping(struct lines *in, struct mapping *mapping) {
    mapping->begin = next_number(in, 16);
    mapping->end = next_number(in, 16);
    mapping->readable = next_char(in) == 'r';
    while (next_char(in) > ' ')
        ;
    mapping->offset = next_number(in, 16);
    uint64_t device = next_number(in, 16) << 20;
    device |= next_number(in, 16);
    uint64_t inode = next_number(in, 10);
    mapping->file = inode ? inode ^ device << 32 : 0;
    int c = next_char(in);
    while (c == ' ')
        c = next_char(in);
    size_t length = 0;
    for (; c >= 0 && c != '\n'; c = next_char(in))
        if (length < sizeof mapping->path - 1)
            mapping->path[length++] = (char)c;
    mapping->path[length] = 0;
    return mapping->end != 0;
}

/* ---- ELF ---- */

/* Fills in what the program headers say. False: this is no module. */
static bool read_headers(struct loaded_module *module, uintptr_t mapped_end) {
    ElfW(Ehdr) header;
    memcpy(&header, (const void *)module->base, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(ElfW(Phdr)) ||
        module->base + header.e_phoff + header.e_phnum * sizeof(ElfW(Phdr)) > mapped_end)
        return false;
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(module->base + header.e_phoff);
    uintptr_t first = UINTPTR_MAX, end = 0, unwind = 0;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        if (segment[i].p_type == PT_LOAD) {
            first = segment[i].p_vaddr < first ? segment[i].p_vaddr : first;
            end =
                segment[i].p_vaddr + segment[i].p_memsz > end ? segment[i].p_vaddr + segment[i].p_memsz : end;
        } else if (segment[i].p_type == PT_GNU_EH_FRAME) {
            unwind = segment[i].p_vaddr;
        }
    }
    if (end <= first)
        return false;
    module->bias = module->base - (first & ~(uintptr_t)(os_page_size() - 1));
    module->end = module->bias + end;
    module->eh_frame_header =
        unwind > first && unwind < end ? (const uint8_t *)(module->bias + unwind) : NULL;
    return true;
}

static bool find_in_maps(struct lines *in, uintptr_t pc, struct mapping *first,
                         struct loaded_module *module) {
    struct mapping here;
    *first = (struct mapping){0};
    while (next_mapping(in, &here)) {
        if (here.offset == 0 && here.readable)
            *first = here;
        if (pc < here.begin || pc >= here.end)
            continue;
        if (first->file != here.file || strcmp(first->path, here.path) != 0)
            return false;
        *module = (struct loaded_module){.base = first->begin, .path = first->path};
        return first->path[0] && read_headers(module, first->end) && pc < module->end;
    }
    return false;
}

/* The loader calls the main program "", and does not know that a file was removed. */
static void name_as_the_loader_does(struct loaded_module *module, char *path) {
    static const char deleted[] = " (deleted)";
    size_t length = strlen(path), suffix = sizeof deleted - 1;
    if (length > suffix && strcmp(path + length - suffix, deleted) == 0)
        path[length - suffix] = 0;
    uintptr_t program = getauxval(AT_PHDR);
    if (program >= module->base && program < module->end)
        module->path = "";
    else if (strcmp(module->path, "[vdso]") == 0)
        module->path = VDSO;
}

bool module_list_find(uintptr_t pc, struct loaded_module *module) {
    if (recall(pc, module))
        return true;
    struct lines in = {.fd = os_open("/proc/self/maps", OS_READ)};
    struct mapping first;
    if (in.fd < 0)
        return false;
    bool found = find_in_maps(&in, pc, &first, module);
    os_close(in.fd);
    if (!found)
        return false;
    name_as_the_loader_does(module, first.path);
    return remember(module);
}
