/* liberties.c CASE — calls that no standard promises to bear, and that the C library does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCKS 3000

/* Calls function(a, b) with a stack that is 8 bytes off, as hand-written assembly does. */
#if defined(__x86_64__)
__attribute__((naked, noinline)) static void *call_askew(void *function, size_t a, size_t b) {
    __asm__("push %rbp\n"
            "mov %rsp, %rbp\n"
            "mov %rdi, %rax\n"
            "mov %rsi, %rdi\n"
            "mov %rdx, %rsi\n"
            "sub $8, %rsp\n"
            "call *%rax\n"
            "leave\n"
            "ret");
}
#else
static void *call_askew(void *(*function)(size_t, size_t), size_t a, size_t b) {
    return function(a, b);
}
#endif

static void askew(void) {
    for (size_t i = 0; i < BLOCKS; i++) {
        void *block = call_askew(malloc, i, 0);
        block = call_askew(realloc, (size_t)block, 2 * i + 1);
        call_askew(free, (size_t)block, 0);
        block = call_askew(calloc, 3, i);
        call_askew(free, (size_t)block, 0);
    }
    pid_t pid = (pid_t)(intptr_t)call_askew(fork, 0, 0);
    if (pid == 0)
        _exit(call_askew(malloc, 5, 0) ? 7 : 8);
    int status;
    waitpid(pid, &status, 0);
    printf("child %d\n", WEXITSTATUS(status));
}

static void asks_the_loader(void) {
    const char *error = dlerror();
    printf("nothing was asked of the loader: %s\n", error ? error : "no error");
}

#ifndef MREMAP_DONTUNMAP /* glibc 2.32 */
#define MREMAP_DONTUNMAP 4
#endif

/* A hint, unlike with MREMAP_FIXED. */
static void hints(void) {
    void *wanted = (void *)0x200000000000,
         *old = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *moved = mremap(old, 8192, 8192, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, wanted);
    printf("moved to %p\n", moved);
}

/* As after an mmap that failed, whose result nobody looked at. */
static void unmaps_nothing(void) {
    printf("%d ", munmap(MAP_FAILED, 4096));
    printf("%d ", munmap((void *)0xffff800000000000, 4096));
    printf("%d ", munmap(NULL, SIZE_MAX));
    printf("%p\n", mremap(MAP_FAILED, 4096, 8192, MREMAP_MAYMOVE));
    for (size_t i = 0; i < BLOCKS; i++)
        free(malloc(i));
}

/* The tree of stacks that it shares with memtrace, where there is one: its place and size stand in the
 * header. */
static void overwrite_stacks(void) {
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps)) {
        if (!strstr(line, "/segment."))
            continue;
        char *header = (char *)strtoul(line, NULL, 16);
        uint64_t offset = *(uint64_t *)(header + 88);
        uint32_t count = *(uint32_t *)(header + 140);
        memset(header + offset, 0xff, count * 16);
        break;
    }
    fclose(maps);
}
__attribute__((noinline)) static void branch(int depth, unsigned way) {
    if (depth == 0)
        free(malloc(1 + way % 100));
    else if (way & 1)
        branch(depth - 1, way >> 1);
    else
        branch(depth - 1, way >> 1);
    __asm__ volatile("");
}
static void overwrites(void) {
    for (unsigned way = 0; way < 1u << 13; way++) {
        branch(13, way);
        if (way == 1000)
            overwrite_stacks();
    }
}

/* The operators of C++ in a C program: are there any, then they do what they say. */
void *aligned_new(size_t size, size_t alignment) __asm__("_ZnwmSt11align_val_t") __attribute__((weak));
void aligned_delete(void *block, size_t alignment) __asm__("_ZdlPvSt11align_val_t") __attribute__((weak));

static void tries_operators(void) {
    int askew = 0;
    for (size_t i = 0; aligned_new && i < BLOCKS; i++) {
        void *block = aligned_new(i, 256);
        askew += (uintptr_t)block % 256 != 0;
        if (i % 2)
            aligned_delete(block, 256);
    }
    printf("%d blocks lie askew\n", askew);
}

static void limits_at_nowhere(void) {
    struct rlimit *volatile nowhere = (struct rlimit *)8;
    errno = 0;
    printf("%d %d\n", setrlimit(RLIMIT_AS, nowhere), errno == EFAULT);
    errno = 0;
    printf("%d %d\n", prlimit(0, RLIMIT_DATA, nowhere, NULL), errno == EFAULT);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {{"askew", askew},
                 {"asks-the-loader", asks_the_loader},
                 {"hints", hints},
                 {"unmaps-nothing", unmaps_nothing},
                 {"overwrites", overwrites},
                 {"tries-operators", tries_operators},
                 {"limits-at-nowhere", limits_at_nowhere}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (argc == 2 && strcmp(cases[i].name, argv[1]) == 0) {
            cases[i].run();
            puts("end");
            return 0;
        }
    return 2;
}
