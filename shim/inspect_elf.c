/* inspect_elf.c — reads, from an ELF file, only what decides whether a shim may be preloaded into it.
 *
 * Between vfork and exec: never allocates; every offset and count of the file is bounded before it is used.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "shim/inspect_elf.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "shim/platform/linux/calls.h"

#define PROGRAM_HEADERS_MAX 256 /* more is not a program anybody links */
#define DYNAMIC_MAX         4096
#define CHAIN_MAX           4096
#define INTERPRETER_BYTES   512

#if defined(__x86_64__) && defined(__ILP32__)
#error "memtrace has no x32 build"
#elif defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#elif defined(__riscv)
#define OWN_MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define OWN_MACHINE EM_PPC64
#elif defined(__s390x__)
#define OWN_MACHINE EM_S390
#else
#error "which e_machine is this?"
#endif
#define OWN_CLASS (__ELF_NATIVE_CLASS == 64 ? ELFCLASS64 : ELFCLASS32)
#define OWN_DATA  (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

/* Runtimes that replace malloc or must be loaded first; the undefined-behaviour one does neither. */
static const char *const sanitizer_libraries[] = {"libasan.so", "libtsan.so",   "liblsan.so",
                                                  "libmsan.so", "libhwasan.so", "libclang_rt."};
/* Exported by a program that has the runtime linked in, as clang does by default. */
static const char *const sanitizer_symbols[] = {"__asan_init", "__tsan_init", "__msan_init", "__hwasan_init",
                                                "__lsan_do_leak_check"};

struct elf {
    int fd;
    ElfW(Ehdr) header;
    ElfW(Phdr) interpreter, dynamic; /* p_type PT_NULL where there is none */
    /* Of the dynamic section; addresses, 0 where there is none. */
    ElfW(Addr) strings, symbols, gnu_hash;
    uint64_t strings_bytes;
};

size_t elf_read(int fd, uint64_t offset, void *to, size_t bytes) {
    size_t done = 0;
    while (done < bytes) {
        long n = syscall(CALL_pread64, fd, (char *)to + done, bytes - done, offset + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    return done;
}

static bool read_whole(int fd, uint64_t offset, void *to, size_t bytes) {
    return offset <= INT64_MAX - bytes && elf_read(fd, offset, to, bytes) == bytes;
}

/* ---- program headers ---- */

static bool program_header(const struct elf *elf, unsigned i, ElfW(Phdr) * to) {
    return read_whole(elf->fd, elf->header.e_phoff + (uint64_t)i * sizeof *to, to, sizeof *to);
}

static unsigned program_headers(const struct elf *elf) {
    return elf->header.e_phnum < PROGRAM_HEADERS_MAX ? elf->header.e_phnum : PROGRAM_HEADERS_MAX;
}

/* Finds the segments that matter; false when the file is cut short. */
static bool elf_open(struct elf *elf, int fd) {
    memset(elf, 0, sizeof *elf);
    elf->fd = fd;
    if (!read_whole(fd, 0, &elf->header, sizeof elf->header) || elf->header.e_phentsize != sizeof(ElfW(Phdr)))
        return false;
    for (unsigned i = 0; i < program_headers(elf); i++) {
        ElfW(Phdr) header;
        if (!program_header(elf, i, &header))
            return false;
        if (header.p_type == PT_INTERP)
            elf->interpreter = header;
        else if (header.p_type == PT_DYNAMIC)
            elf->dynamic = header;
    }
    return true;
}

/* offset = p_offset + (address − p_vaddr) of the segment that has it; UINT64_MAX when none has. */
static uint64_t offset_of(const struct elf *elf, ElfW(Addr) address) {
    for (unsigned i = 0; i < program_headers(elf); i++) {
        ElfW(Phdr) header;
        if (program_header(elf, i, &header) && header.p_type == PT_LOAD && address >= header.p_vaddr &&
            address - header.p_vaddr < header.p_filesz)
            return header.p_offset + (address - header.p_vaddr);
    }
    return UINT64_MAX;
}

/* ---- dynamic section ---- */

static bool dynamic_entry(const struct elf *elf, uint64_t i, ElfW(Dyn) * to) {
    return i < DYNAMIC_MAX && (i + 1) * sizeof *to <= elf->dynamic.p_filesz &&
           read_whole(elf->fd, elf->dynamic.p_offset + i * sizeof *to, to, sizeof *to) &&
           to->d_tag != DT_NULL;
}

/* Turns the addresses of the tables into file offsets. */
static void read_tables(struct elf *elf) {
    ElfW(Dyn) entry;
    ElfW(Addr) strings = 0, symbols = 0, gnu_hash = 0;
    for (uint64_t i = 0; dynamic_entry(elf, i, &entry); i++) {
        if (entry.d_tag == DT_STRTAB)
            strings = entry.d_un.d_ptr;
        else if (entry.d_tag == DT_STRSZ)
            elf->strings_bytes = entry.d_un.d_val;
        else if (entry.d_tag == DT_SYMTAB)
            symbols = entry.d_un.d_ptr;
        else if (entry.d_tag == DT_GNU_HASH)
            gnu_hash = entry.d_un.d_ptr;
    }
    elf->strings = strings ? offset_of(elf, strings) : 0;
    elf->symbols = symbols ? offset_of(elf, symbols) : 0;
    elf->gnu_hash = gnu_hash ? offset_of(elf, gnu_hash) : 0;
}

/* A short string of the string table, cut to `size`; empty when there is none. */
static void string_at(const struct elf *elf, uint64_t index, char *out, size_t size) {
    out[0] = '\0';
    if (elf->strings == 0 || elf->strings == UINT64_MAX || index >= elf->strings_bytes)
        return;
    out[elf_read(elf->fd, elf->strings + index, out, size - 1)] = '\0';
}

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- which C library ---- */

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ld-linux-x86-64.so.2, ld-linux-aarch64.so.1, … and ld64.so.2 of some; never ld-musl-*. */
static bool is_glibc_loader(const char *name) {
    return starts_with(name, "ld-linux") || starts_with(name, "ld64.so");
}

/* The loader itself, run as a program: it honours the preload though it has no interpreter. */
static bool is_loader(const struct elf *elf) {
    ElfW(Dyn) entry;
    for (uint64_t i = 0; dynamic_entry(elf, i, &entry); i++) {
        if (entry.d_tag != DT_SONAME)
            continue;
        char name[32];
        string_at(elf, entry.d_un.d_val, name, sizeof name);
        return is_glibc_loader(name);
    }
    return false;
}

/* Without an interpreter it is either a shared library or a static-pie program, whose linker says so. Those
 * of old linkers do not; they need no libraries and have an entry. */
static bool is_library(const struct elf *elf) {
    ElfW(Dyn) entry;
    bool needs = false;
    for (uint64_t i = 0; dynamic_entry(elf, i, &entry); i++) {
        if (entry.d_tag == DT_FLAGS_1 && entry.d_un.d_val & DF_1_PIE)
            return false;
        needs |= entry.d_tag == DT_NEEDED;
    }
    return elf->header.e_type == ET_DYN && elf->dynamic.p_type == PT_DYNAMIC &&
           (needs || elf->header.e_entry == 0);
}

static size_t interpreter_of(const struct elf *elf, char *out, size_t size) {
    if (elf->interpreter.p_type != PT_INTERP || elf->interpreter.p_filesz == 0)
        return 0;
    size_t bytes = elf->interpreter.p_filesz < size ? elf->interpreter.p_filesz : size - 1;
    out[elf_read(elf->fd, elf->interpreter.p_offset, out, bytes)] = '\0';
    return strlen(out);
}

size_t elf_interpreter(int fd, char *out, size_t size) {
    struct elf elf;
    return elf_open(&elf, fd) ? interpreter_of(&elf, out, size) : 0;
}

/* ---- sanitizers ---- */

static bool needs_sanitizer(const struct elf *elf) {
    ElfW(Dyn) entry;
    for (uint64_t i = 0; dynamic_entry(elf, i, &entry); i++) {
        if (entry.d_tag != DT_NEEDED)
            continue;
        char path[128];
        string_at(elf, entry.d_un.d_val, path, sizeof path);
        for (size_t k = 0; k < sizeof sanitizer_libraries / sizeof *sanitizer_libraries; k++)
            if (starts_with(base_name(path), sanitizer_libraries[k]) && !strstr(path, "ubsan"))
                return true;
    }
    return false;
}

/* One look-up in DT_GNU_HASH, which holds defined symbols only:
 * bucket = hash % buckets; chain from there until an entry with bit 0 set; equal but for bit 0 is a
 * candidate. */
static bool defines(const struct elf *elf, const char *name) {
    struct {
        uint32_t buckets, first, bloom_words, bloom_shift;
    } table;
    if (elf->gnu_hash == 0 || elf->gnu_hash == UINT64_MAX || elf->symbols == 0 ||
        elf->symbols == UINT64_MAX || !read_whole(elf->fd, elf->gnu_hash, &table, sizeof table) ||
        table.buckets == 0)
        return false;
    uint32_t hash = 5381, index;
    for (const char *p = name; *p; p++)
        hash = hash * 33 + (unsigned char)*p;
    uint64_t buckets = elf->gnu_hash + sizeof table + (uint64_t)table.bloom_words * sizeof(ElfW(Addr));
    uint64_t chains = buckets + (uint64_t)table.buckets * sizeof index;
    if (!read_whole(elf->fd, buckets + (uint64_t)(hash % table.buckets) * sizeof index, &index,
                    sizeof index) ||
        index < table.first)
        return false;
    for (uint32_t n = 0; n < CHAIN_MAX; n++, index++) {
        uint32_t link;
        if (!read_whole(elf->fd, chains + (uint64_t)(index - table.first) * sizeof link, &link, sizeof link))
            return false;
        if ((link | 1) == (hash | 1)) {
            ElfW(Sym) symbol;
            char text[32];
            if (!read_whole(elf->fd, elf->symbols + (uint64_t)index * sizeof symbol, &symbol, sizeof symbol))
                return false;
            string_at(elf, symbol.st_name, text, sizeof text);
            if (strcmp(text, name) == 0)
                return true;
        }
        if (link & 1)
            return false;
    }
    return false;
}

static bool has_sanitizer(const struct elf *elf) {
    if (needs_sanitizer(elf))
        return true;
    for (size_t i = 0; i < sizeof sanitizer_symbols / sizeof *sanitizer_symbols; i++)
        if (defines(elf, sanitizer_symbols[i]))
            return true;
    /* gcc -static-libasan hides its own names, but not the functions it intercepts: the C library's, which
     * only the C library itself defines together with what starts a program. */
    return defines(elf, "malloc") && defines(elf, "__isoc99_vsscanf") && !defines(elf, "__libc_start_main");
}

/* ---- public ---- */

enum untraced_reason elf_inspect(int fd, const char *head, size_t bytes) {
    uint16_t machine;
    size_t machine_at = offsetof(ElfW(Ehdr), e_machine); /* the same in both classes */
    if (bytes < machine_at + sizeof machine)
        return UNTRACED_NONE; /* exec fails */
    memcpy(&machine, head + machine_at, sizeof machine);
    if (head[EI_CLASS] != OWN_CLASS || head[EI_DATA] != OWN_DATA || machine != OWN_MACHINE)
        return UNTRACED_ARCHITECTURE;
    struct elf elf;
    if (!elf_open(&elf, fd))
        return UNTRACED_UNREADABLE;
    read_tables(&elf);
    char interpreter[INTERPRETER_BYTES];
    if (interpreter_of(&elf, interpreter, sizeof interpreter) == 0)
        return is_loader(&elf) ? UNTRACED_NONE : is_library(&elf) ? UNTRACED_LIBRARY : UNTRACED_STATIC;
    if (!is_glibc_loader(base_name(interpreter)))
        return UNTRACED_LIBC;
    return has_sanitizer(&elf) ? UNTRACED_SANITIZER : UNTRACED_NONE;
}
