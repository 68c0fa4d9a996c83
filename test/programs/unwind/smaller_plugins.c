/* smaller_plugins FOLDER LARGE SMALL — libred.so, whose function has LARGE bytes on its stack, runs on a fiber; then
 * libblue.so is mapped in its place, whose function has SMALL, and runs on what is left of the fiber's stack,
 * from the same address: where red's caller lay nothing is mapped any more.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#define NOINLINE __attribute__((noinline, noclone))
#define BIG      (512 << 10)
#define LEFT     (128 << 10)

static ucontext_t home, fiber;
static uintptr_t target;
static size_t frame;
static int first;
static void *volatile sink;
static void *(*plugin)(void);

static NOINLINE void allocate(void) {
    sink = malloc(25);
    free(sink);
    __asm__ volatile("" ::: "memory");
}
static NOINLINE void call_plugin(void) {
    volatile char *p = alloca(64);
    volatile char *room = alloca((uintptr_t)p - target - frame);
    room[0] = 1;
    plugin();
    room[0] = 2;
}
static void (*volatile by_turns[2])(void) = {allocate, call_plugin};

static NOINLINE void fiber_main(void) {
    for (int i = 0; i < 8; i++)
        by_turns[(i + first) & 1]();
}
static void run(char *stack, size_t size) {
    getcontext(&fiber);
    fiber.uc_stack.ss_sp = stack;
    fiber.uc_stack.ss_size = size;
    fiber.uc_link = &home;
    makecontext(&fiber, fiber_main, 0);
    swapcontext(&home, &fiber);
}
static void *load(const char *folder, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/lib%s.so", folder, name);
    void *library = dlopen(path, RTLD_NOW);
    plugin = library ? (void *(*)(void))dlsym(library, name) : NULL;
    return library;
}

int main(int argc, char **argv) {
    char *stack = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (argc != 4 || stack == MAP_FAILED)
        return 2;
    target = (uintptr_t)stack + (64 << 10);
    frame = strtoul(argv[2], NULL, 10);
    void *red = load(argv[1], "red"), *place = (void *)plugin;
    if (!place)
        return 3;
    run(stack, BIG);
    dlclose(red);
    frame = strtoul(argv[3], NULL, 10);
    load(argv[1], "blue");
    if ((void *)plugin != place)
        return 4;
    munmap(stack + LEFT, BIG - LEFT);
    first = 1;
    run(stack, LEFT);
    puts("done");
    return 0;
}
