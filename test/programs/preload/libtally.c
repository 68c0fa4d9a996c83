/* libtally.so — counts the calls of the malloc family that succeed, in a way that has nothing in common with
 * memtrace: no stacks, no rings, one counter per function.
 *
 * Preloaded by itself it counts an untraced program; under memtrace, behind the shim, it counts the same run.
 * Each process image has a file of its own in $TALLY_DIR, named <pid>.<n> for its n-th image and mapped shared:
 * what was counted survives exec, _exit and kill -9. A forked child starts at 0. The file is a struct tally;
 * test/e2e/tally.ts reads it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The allocator that would serve the program without us: glibc's, or one that the program is linked with. */
#define REAL(result, name, ...) static result (*real_##name)(__VA_ARGS__);
#define ALL_REAL                                                                                             \
    REAL(void *, malloc, size_t)                                                                             \
    REAL(void *, calloc, size_t, size_t)                                                                     \
    REAL(void *, realloc, void *, size_t)                                                                    \
    REAL(void, free, void *)                                                                                 \
    REAL(void *, memalign, size_t, size_t)                                                                   \
    REAL(void *, aligned_alloc, size_t, size_t)                                                              \
    REAL(int, posix_memalign, void **, size_t, size_t)                                                       \
    REAL(void *, valloc, size_t)                                                                             \
    REAL(void *, pvalloc, size_t)
ALL_REAL
#undef REAL

/* At the first call, which comes from the loader, before there are threads. dlsym allocates only to report an
 * error, and each of these names exists. */
static void resolve(void) {
    if (real_malloc)
        return;
#define REAL(result, name, ...) *(void **)&real_##name = dlsym(RTLD_NEXT, #name);
    ALL_REAL
#undef REAL
}

struct tally {
    uint64_t mallocs, callocs, reallocs_of_null, reallocs, aligned, frees, reallocs_to_nothing, bytes;
    char executable[4032];
};

static struct tally early, *tally = &early; /* early: until the constructor has run */
static char folder[256];

#define TALLY(what, n) __atomic_fetch_add(&tally->what, n, __ATOMIC_RELAXED)

static void *counted(void *block, uint64_t *counter, size_t size) {
    if (block) {
        __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
        TALLY(bytes, size);
    }
    return block;
}

void *malloc(size_t size) {
    resolve();
    return counted(real_malloc(size), &tally->mallocs, size);
}
void *calloc(size_t n, size_t size) {
    resolve();
    return counted(real_calloc(n, size), &tally->callocs, n * size);
}
void *realloc(void *old, size_t size) {
    resolve();
    void *block = real_realloc(old, size);
    if (old && !block && size == 0)
        TALLY(reallocs_to_nothing, 1);
    return counted(block, old ? &tally->reallocs : &tally->reallocs_of_null, size);
}
void *reallocarray(void *old, size_t n, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(old, bytes);
}
void free(void *block) {
    resolve();
    if (block)
        TALLY(frees, 1);
    real_free(block);
}
void *memalign(size_t alignment, size_t size) {
    resolve();
    return counted(real_memalign(alignment, size), &tally->aligned, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
    resolve();
    return counted(real_aligned_alloc(alignment, size), &tally->aligned, size);
}
int posix_memalign(void **out, size_t alignment, size_t size) {
    resolve();
    int error = real_posix_memalign(out, alignment, size);
    counted(error ? NULL : *out, &tally->aligned, size);
    return error;
}
void *valloc(size_t size) {
    resolve();
    return counted(real_valloc(size), &tally->aligned, size);
}
void *pvalloc(size_t size) {
    resolve();
    return counted(real_pvalloc(size), &tally->aligned, size);
}

static struct tally *new_file(void) {
    char path[sizeof folder + 32];
    int fd = -1;
    for (int n = 1; fd < 0 && n < 100; n++) {
        snprintf(path, sizeof path, "%s/%d.%d", folder, getpid(), n);
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    }
    if (fd < 0)
        return NULL;
    struct tally *mapped = MAP_FAILED;
    if (ftruncate(fd, sizeof *mapped) == 0)
        mapped = mmap(NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED)
        return NULL;
    if (readlink("/proc/self/exe", mapped->executable, sizeof mapped->executable - 1) < 0)
        mapped->executable[0] = 0;
    return mapped;
}

static void in_child(void) {
    struct tally *mine = new_file();
    if (mine)
        tally = mine;
}

__attribute__((constructor)) static void start(void) {
    const char *where = getenv("TALLY_DIR");
    if (!where || strlen(where) >= sizeof folder)
        return;
    strcpy(folder, where);
    struct tally *mine = new_file();
    if (!mine)
        return;
    memcpy(mine, &early, offsetof(struct tally, executable));
    tally = mine;
    pthread_atfork(NULL, NULL, in_child);
}
