/* archive.h — what is kept of processes that have ended, until the session is over.
 *
 * A build runs thousands of compilers, and each leaves some MiB of stacks and sites that may still be asked
 * for. The first of them are held in memory; the rest is in a file without a name, of which the kernel holds
 * in memory what it has room for. Nothing in it is ever changed, nor given back by itself.
 *
 * Owned by the core (state mutex).
 */
#ifndef MEMTRACE_CORE_ARCHIVE_H
#define MEMTRACE_CORE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive_chunk {
    uint8_t *base;
    size_t bytes;
    bool in_file;
};

struct archive {
    struct archive_chunk *chunks; /* the last one is being filled */
    uint32_t chunks_count;
    uint32_t chunks_capacity;
    size_t used;       /* bytes of the last one */
    uint64_t memory;   /* bytes of those in memory */
    int file;          /* -1: not open */
    bool out_of_files; /* there is none to be had, or it found no room: all else goes into memory */
    uint64_t file_bytes;
};

static inline void archive_init(struct archive *archive) {
    *archive = (struct archive){.file = -1};
}

/* A copy that stays where it is until archive_close, aligned for anything. NULL: there is no room for it. */
const void *archive_keep(struct archive *archive, const void *data, size_t bytes);
void archive_close(struct archive *archive);

#endif
