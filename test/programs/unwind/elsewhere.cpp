// elsewhere HOW — frames that do not lie just outside of those that they called. HOW: mapped, static — a
// function goes on with a stack that lies there (as Rust's stacker does); large — frames of a hundred
// megabytes; realigned — those with aligned variables, too.
#include <alloca.h>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <sys/mman.h>

#define NOINLINE __attribute__((noinline, noclone))
#define STACK    (256 << 10)
#define LARGE    (100 << 20)

// void on_stack(void (*function)(void), char *top)
#if defined __x86_64__
asm(".text\n"
    "on_stack: .cfi_startproc\n"
    "push %rbp\n"
    ".cfi_def_cfa_offset 16\n"
    ".cfi_offset %rbp, -16\n"
    "mov %rsp, %rbp\n"
    ".cfi_def_cfa_register %rbp\n"
    "mov %rsi, %rsp\n"
    "call *%rdi\n"
    "mov %rbp, %rsp\n"
    "pop %rbp\n"
    ".cfi_def_cfa %rsp, 8\n"
    "ret\n"
    ".cfi_endproc\n");
#elif defined __aarch64__
asm(".text\n"
    "on_stack: .cfi_startproc\n"
    "stp x29, x30, [sp, #-16]!\n"
    ".cfi_def_cfa_offset 16\n"
    ".cfi_offset x29, -16\n"
    ".cfi_offset x30, -8\n"
    "mov x29, sp\n"
    ".cfi_def_cfa_register x29\n"
    "mov sp, x1\n"
    "blr x0\n"
    "mov sp, x29\n"
    "ldp x29, x30, [sp], #16\n"
    ".cfi_def_cfa sp, 0\n"
    "ret\n"
    ".cfi_endproc\n");
#endif
extern "C" void on_stack(void (*function)(), char *top);

namespace {

void *volatile sink;
char *stack;

NOINLINE void allocate() {
    sink = malloc(24);
    free(sink);
    asm volatile("");
}
NOINLINE void by_turns() {
    for (int i = 0; i < 50; i++) {
        allocate();
        sink = malloc(25);
        free(sink);
    }
    asm volatile("");
}
NOINLINE void inside() {
    allocate();
    by_turns();
    asm volatile("");
}
NOINLINE void descend(int depth) {
    if (depth)
        descend(depth - 1);
    else
        on_stack(inside, stack + STACK);
    asm volatile("");
}
/* From here on as in stale_slots: on_stack has one stack pointer, whatever n is, and its caller many. */
NOINLINE void shifted(size_t n) {
    auto *room = static_cast<volatile char *>(alloca(n));
    room[0] = 1;
    on_stack(inside, stack + STACK);
    room[1] = 1;
}
NOINLINE void caller_a(size_t n) {
    shifted(n);
    asm volatile("");
}
NOINLINE void caller_b(size_t n) {
    shifted(n);
    asm volatile("" ::"r"(n));
}
NOINLINE void padded(size_t n, void (*caller)(size_t)) {
    auto *room = static_cast<volatile char *>(alloca(2048 - n));
    room[0] = 1;
    caller(n);
    room[1] = 1;
}

NOINLINE void fixed() {
    volatile char room[LARGE];
    room[0] = 1;
    inside();
    room[1] = 1;
}
NOINLINE void fixed_of_megabytes() {
    volatile char room[3 << 20];
    room[0] = 1;
    inside();
    room[1] = 1;
}
NOINLINE void variable(size_t bytes) {
    auto *room = static_cast<volatile char *>(alloca(bytes));
    room[0] = 1;
    inside();
    room[1] = 1;
}
NOINLINE void realigned(size_t bytes) {
    alignas(64) volatile char line[64];
    line[0] = 1;
    auto *room = static_cast<volatile char *>(alloca(bytes));
    room[0] = 1;
    inside();
    room[1] = line[0];
}

void *with_large_frames(void *are_realigned) {
    if (are_realigned) {
        realigned(LARGE);
        realigned(LARGE + (4 << 10));
    } else {
        fixed();
        fixed_of_megabytes();
        variable(LARGE);
    }
    return nullptr;
}

void *map(size_t bytes) {
    void *made =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED)
        exit(2);
    return made;
}

} // namespace

int main(int argc, char **argv) {
    static char room[STACK] __attribute__((aligned(16)));
    const char *how = argc > 1 ? argv[1] : "mapped";
    if (!strcmp(how, "mapped") || !strcmp(how, "static")) {
        stack = *how == 's' ? room : static_cast<char *>(map(STACK));
        for (int depth = 4; depth-- > 0;) // return addresses are left where the deeper one had them
            descend(depth);
        for (size_t n = 64; n < 1024; n += 64) {
            padded(n, caller_a);
            padded(n + 16, caller_b);
        }
        return 0;
    }
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, map(2 * LARGE), 2 * LARGE);
    pthread_create(&thread, &attributes, with_large_frames, strcmp(how, "realigned") ? nullptr : argv);
    pthread_join(thread, nullptr);
    return 0;
}
