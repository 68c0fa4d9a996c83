// smaller_stacks FIRST — a fiber's stack that is made smaller and used again: frames of the first run lay where
// nothing is mapped any more. FIRST: whether the frame that is found by its frame pointer then comes first.
#include <alloca.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>
#include <ucontext.h>

#define NOINLINE __attribute__((noinline, noclone))
#define BIG      (256 << 10)
#define SMALL    (128 << 10)
/* A register that the caller's frame is found by, or may be: saved here where there are no frame pointers. */
#if defined(SAVE_FP)
#define SAVED "rbp"
#elif defined(__x86_64__)
#define SAVED "rbx"
#else
#define SAVED "x19"
#endif

namespace {

ucontext_t home, fiber;
uintptr_t target; /* where the innermost frame lies in both runs */
int first;
void *volatile sink;

NOINLINE void allocate_and_save(void) {
    __asm__ volatile("" ::: SAVED);
    sink = malloc(24);
    __asm__ volatile("" ::: SAVED, "memory");
    free(sink);
}
NOINLINE void variable(void) {
    auto *p = static_cast<volatile char *>(alloca(64));
    auto *room = static_cast<volatile char *>(alloca(reinterpret_cast<uintptr_t>(p) - target));
    room[0] = 1;
    allocate_and_save();
    room[0] = 2;
}
NOINLINE void allocate(void) {
    sink = malloc(25);
    free(sink);
    __asm__ volatile("" ::: "memory");
}
void (*volatile by_turns[2])(void) = {allocate, variable};

NOINLINE void fiber_main(void) {
    for (int i = 0; i < 8; i++)
        by_turns[(i + first) & 1]();
}
void run(char *stack, size_t size) {
    getcontext(&fiber);
    fiber.uc_stack.ss_sp = stack;
    fiber.uc_stack.ss_size = size;
    fiber.uc_link = &home;
    makecontext(&fiber, fiber_main, 0);
    swapcontext(&home, &fiber);
}

} // namespace

int main(int argc, char **argv) {
    void *made = mmap(nullptr, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
        return 2;
    auto *stack = static_cast<char *>(made);
    target = reinterpret_cast<uintptr_t>(stack) + (64 << 10);
    run(stack, BIG);
    munmap(stack + SMALL, BIG - SMALL);
    first = argc > 1 && atoi(argv[1]);
    if (!first)
        allocate();
    run(stack, SMALL);
    puts("done");
    return 0;
}
