/* archive.c — see archive.h. */
#define _GNU_SOURCE
#include "daemon/native/core/archive.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/native/core/memory.h"

#define CHUNK_BYTES  (size_t)(4 << 20)
#define MEMORY_BYTES (UINT64_C(64) << 20) /* what the processes of most sessions leave is less */
#define PAGE_BYTES   (size_t)4096
#define ALIGNMENT    (size_t)16

static size_t round_up(size_t bytes, size_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

/* Where large files of programs belong: not on a tmpfs, which is memory. */
static int open_file(void) {
    const char *folder = getenv("TMPDIR");
    char path[4096];
    int length =
        snprintf(path, sizeof path, "%s/memtrace.XXXXXX", folder && folder[0] == '/' ? folder : "/var/tmp");
    if (length >= (int)sizeof path)
        return -1;
    int file = mkostemp(path, O_CLOEXEC);
    if (file >= 0)
        unlink(path);
    return file;
}

static bool add_chunk(struct archive *archive, const struct archive_chunk *chunk) {
    if (!chunk->base || !array_reserve(&archive->chunks, &archive->chunks_capacity,
                                       archive->chunks_count + UINT64_C(1), sizeof *archive->chunks)) {
        pages_unmap(chunk->base, chunk->bytes);
        return false;
    }
    archive->chunks[archive->chunks_count++] = *chunk;
    archive->used = 0;
    return true;
}

static bool add_in_memory(struct archive *archive, size_t bytes) {
    if (!add_chunk(archive, &(struct archive_chunk){pages_map(bytes), bytes, false}))
        return false;
    archive->memory += bytes;
    return true;
}

/* Its pages can be read once something is written there. */
static bool add_in_file(struct archive *archive, size_t bytes) {
    if (archive->file < 0)
        archive->file = open_file();
    if (archive->file < 0)
        return false;
    void *base = mmap(NULL, bytes, PROT_READ, MAP_SHARED, archive->file, (off_t)archive->file_bytes);
    if (base == MAP_FAILED || !add_chunk(archive, &(struct archive_chunk){base, bytes, true}))
        return false;
    archive->file_bytes += bytes;
    return true;
}

static bool add_room(struct archive *archive, size_t needed) {
    size_t bytes = needed > CHUNK_BYTES ? round_up(needed, PAGE_BYTES) : CHUNK_BYTES;
    if (archive->memory >= MEMORY_BYTES && !archive->out_of_files) {
        if (add_in_file(archive, bytes))
            return true;
        archive->out_of_files = true;
    }
    return add_in_memory(archive, bytes);
}

/* Not through the mapping: a full disk would be a signal there. */
static bool write_all(int file, const uint8_t *data, size_t bytes, uint64_t at) {
    while (bytes > 0) {
        ssize_t written = pwrite(file, data, bytes, (off_t)at);
        if (written <= 0)
            return false;
        data += written;
        bytes -= (size_t)written;
        at += (uint64_t)written;
    }
    return true;
}

static bool put(const struct archive *archive, const struct archive_chunk *chunk, const void *data,
                size_t bytes) {
    if (chunk->in_file)
        return write_all(archive->file, data, bytes, archive->file_bytes - chunk->bytes + archive->used);
    memcpy(chunk->base + archive->used, data, bytes);
    return true;
}

const void *archive_keep(struct archive *archive, const void *data, size_t bytes) {
    if (bytes == 0)
        return "";
    for (;;) {
        const struct archive_chunk *chunk =
            archive->chunks_count ? &archive->chunks[archive->chunks_count - 1] : NULL;
        if ((!chunk || chunk->bytes - archive->used < bytes) && !add_room(archive, bytes))
            return NULL;
        chunk = &archive->chunks[archive->chunks_count - 1];
        if (put(archive, chunk, data, bytes)) {
            const void *kept = chunk->base + archive->used;
            archive->used = round_up(archive->used + bytes, ALIGNMENT);
            return kept;
        }
        archive->out_of_files = true; /* a full disk, say */
        archive->used = chunk->bytes;
    }
}

void archive_close(struct archive *archive) {
    for (uint32_t i = 0; i < archive->chunks_count; i++)
        pages_unmap(archive->chunks[i].base, archive->chunks[i].bytes);
    free(archive->chunks);
    if (archive->file >= 0)
        close(archive->file);
    archive_init(archive);
}
