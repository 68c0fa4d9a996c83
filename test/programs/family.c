// family — every function of the malloc family once, with sizes that tell them apart. Prints what it kept.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void *volatile keep[64];
static int kept;

static void k(void *p) {
    keep[kept++] = p;
}

int main(void) {
    void *p = NULL;
    k(malloc(1001));
    k(calloc(2, 501));                        // 1002
    k(realloc(NULL, 1003));                   // an allocation like another
    k(realloc(malloc(10), 1004));             // one free, two allocations
    k(reallocarray(NULL, 5, 201));            // 1005
    if (posix_memalign(&p, 64, 1006) == 0)
        k(p);
    k(aligned_alloc(128, 1024));
    k(memalign(32, 1008));
    k(valloc(1009));
    k(pvalloc(1010));
    k(strdup("twelve bytes"));                // 13, on this line though libc allocates
    k(malloc(0));
    free(NULL);
    free(malloc(2001));
    errno = 0;
    if (realloc(keep[0], PTRDIFF_MAX) == NULL && errno == ENOMEM) // fails: the block stays
        k(calloc(SIZE_MAX, 2));               // fails: does not count
    errno = 7;
    free(malloc(2002));
    if (errno != 7)
        return 1;
    if (reallocarray(NULL, SIZE_MAX, 2))
        return 2;
    k(malloc(5ul << 30));                     // never touched
    if (realloc(malloc(2003), 0))             // glibc frees
        return 3;
    if (malloc_usable_size(keep[0]) < 1001)
        return 4;
    char *m = mmap(NULL, 40960, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(m + 8192, 4096);                   // a hole: 36864 stay
    char *n = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    n = mremap(n, 8192, 20480, MREMAP_MAYMOVE);
    munmap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
    return n == MAP_FAILED;
}
