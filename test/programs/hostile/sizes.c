/* sizes.c CASE — sizes and alignments that nobody expects, and allocations that fail. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static void extremes(void) {
    void *volatile zero[10];
    for (int i = 0; i < 10; i++)
        zero[i] = malloc(0);
    for (int i = 0; i < 10; i++)
        free(zero[i]);
    void *volatile huge = malloc((size_t)5 << 30); /* not touched */
    huge = realloc(huge, (size_t)6 << 30);
    printf("%d\n", huge != NULL);
    free(huge);
    huge = malloc(((size_t)4 << 30) - 1); /* the size that an event marks as extended */
    free(huge);
    void *volatile p = realloc(NULL, 10);
    p = realloc(p, 0);
    printf("%d\n", p == NULL);
    p = reallocarray(NULL, 3, 7);
    free(p);
    for (size_t alignment = 8; alignment <= (size_t)1 << 24; alignment *= 2) {
        void *block = NULL;
        int error = posix_memalign(&block, alignment, 100);
        printf("%d %d\n", error, (int)((uintptr_t)block % alignment != 0));
        free(block);
        free(aligned_alloc(alignment, alignment * 2));
        free(memalign(alignment, 3));
    }
    void *block;
    printf("%d\n", posix_memalign(&block, 3, 100));
    free(valloc(10));
    free(pvalloc(10));
    free(NULL);
    printf("%zu\n", malloc_usable_size(NULL));
    void *map = mmap(NULL, 100000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    map = mremap(map, 100000, 300000, MREMAP_MAYMOVE);
    munmap(map, 300000);
    printf("%d %d\n", mmap(NULL, 0, 0, 0, -1, 0) == MAP_FAILED, munmap((void *)1, 1));
}
static void failures(void) {
    int failed = 0;
    errno = 0;
    failed += malloc(SIZE_MAX) == NULL;
    failed += malloc(PTRDIFF_MAX) == NULL;
    failed += calloc(SIZE_MAX / 2, 3) == NULL;
    failed += reallocarray(NULL, SIZE_MAX / 2, 3) == NULL;
    void *kept = malloc(100);
    failed += realloc(kept, SIZE_MAX - 100) == NULL;
    strcpy(kept, "still there");
    printf("%d failed, errno %d, %s\n", failed, errno, (char *)kept);
    free(kept);
}
static void until_full(int resource, size_t mib, size_t expected) {
    struct rlimit limit = {mib << 20, mib << 20};
    setrlimit(resource, &limit);
    size_t n = 0;
    void *volatile *first = NULL, *volatile * block;
    while ((block = malloc(1 << 20))) {
        *block = first;
        first = block;
        n++;
    }
    printf("%s, errno %d\n", n > expected ? "as much as there is" : "too little", errno);
    while (first) {
        void *volatile *next = *first;
        free((void *)first);
        first = next;
    }
}
static void limited(void) {
    until_full(RLIMIT_AS, 600, 540);
}
static void limited_closely(void) {
    until_full(RLIMIT_AS, 64, 48);
}
static void limited_data(void) {
    until_full(RLIMIT_DATA, 256, 240);
}
static void double_free(void) {
    void *volatile block = malloc(40);
    void *volatile again = block;
    free(block);
    free(again);
}
static void checked(void) {
    char *volatile block = malloc(40);
    /* The guard that MALLOC_CHECK_ looks at when it is freed is another byte at each address, and others are
     * lengths. */
    block[40] = block[40] ? 0 : (char)0xff;
    free(block);
}
static void lock_all(void) { /* of memory, what comes later, too */
    int result = mlockall(MCL_CURRENT | MCL_FUTURE);
    for (int i = 0; i < 1000; i++)
        free(malloc(i));
    char line[256];
    long locked_kib = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        sscanf(line, "VmLck: %ld", &locked_kib);
    printf("%d, %s\n", result, locked_kib < 400 << 10 ? "not much" : "far too much");
}
static void locked(void) { /* others than root may not lock that much */
    if (geteuid())
        puts("not root");
    else
        lock_all();
}
static void locked_by_a_user(void) {
    struct rlimit limit = {12 << 20, 12 << 20};
    setrlimit(RLIMIT_MEMLOCK, &limit);
    if (geteuid() == 0 && seteuid(65534) != 0)
        puts("still root");
    lock_all();
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {{"extremes", extremes},
                 {"failures", failures},
                 {"limited", limited},
                 {"limited-closely", limited_closely},
                 {"limited-data", limited_data},
                 {"double-free", double_free},
                 {"checked", checked},
                 {"locked", locked},
                 {"locked-by-a-user", locked_by_a_user}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (strcmp(cases[i].name, argv[1]) == 0)
            cases[i].run();
    puts("end");
    return 5;
}
