// coroutine — allocates in a coroutine whose first frame leads to the stack of whoever resumed it by unwind
// information of its own (as Rust's corosensei has it): marked as a signal frame, since what it returns to did
// not call, and without anything that a signal frame holds. x86-64 alone.
#include <cstdlib>
#include <sys/mman.h>

#if defined __x86_64__

#define NOINLINE __attribute__((noinline, noclone))
#define STACK    (256 << 10)

// void resume(void (*function)(void), char *top): the word at top - 16 holds the other stack's sp.
asm(".text\n"
    "resume: .cfi_startproc\n"
    "push %rbp\n"
    ".cfi_def_cfa_offset 16\n"
    ".cfi_offset %rbp, -16\n"
    "lea 1f(%rip), %rax\n"
    "push %rax\n"
    ".cfi_def_cfa_offset 24\n"
    "mov %rsp, -16(%rsi)\n"
    "lea -16(%rsi), %rbp\n"
    "mov %rbp, %rsp\n"
    "jmp first_frame\n"
    "1: .cfi_def_cfa_offset 16\n"
    "pop %rbp\n"
    ".cfi_def_cfa_offset 8\n"
    "ret\n"
    ".cfi_endproc\n"
    "nop\n"
    ".cfi_startproc\n"
    ".cfi_signal_frame\n"
    ".cfi_escape 0x0f, 5, 0x76, 0, 0x06, 0x23, 8\n" // cfa = *rbp + 8
    ".cfi_offset %rbp, 0\n"
    "nop\n"
    "first_frame: call *%rdi\n"
    "mov (%rbp), %rsp\n"
    "ret\n"
    ".cfi_endproc\n");
extern "C" void resume(void (*function)(), char *top);

namespace {

void *volatile sink;
char *stack;

NOINLINE void allocate() {
    sink = malloc(24);
    free(sink);
    asm volatile("");
}
NOINLINE void inside() {
    for (int i = 0; i < 50; i++)
        allocate();
    asm volatile("");
}
NOINLINE void descend(int depth) {
    if (depth)
        descend(depth - 1);
    else
        resume(inside, stack + STACK);
    allocate();
}

} // namespace

int main() {
    static char room[STACK] __attribute__((aligned(16)));
    void *made = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
        return 2;
    stack = static_cast<char *>(made);
    descend(3);
    stack = room;
    descend(3);
    return 0;
}

#else

int main() {
    return 0;
}

#endif
