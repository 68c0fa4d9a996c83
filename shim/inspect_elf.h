/* inspect_elf.h — reads, from an ELF file, only what decides whether a shim may be preloaded into it.
 *
 * Part of inspect; the same rules: async-signal-safe, little stack, nothing believed unchecked.
 */
#ifndef MEMTRACE_SHIM_INSPECT_ELF_H
#define MEMTRACE_SHIM_INSPECT_ELF_H

#include <stddef.h>
#include <stdint.h>

#include "proto/session.h"

/* pread that goes on after EINTR and short reads. Returns the bytes read, fewer only at the end or an error.
 */
size_t elf_read(int fd, uint64_t offset, void *to, size_t bytes);

/* STATIC, ARCHITECTURE, LIBC, SANITIZER, UNREADABLE (cut short) or NONE; `head` is the start of the file. */
enum untraced_reason elf_inspect(int fd, const char *head, size_t bytes);

/* PT_INTERP of the file, NUL-terminated; its length, 0 when there is none. */
size_t elf_interpreter(int fd, char *out, size_t size);

#endif
