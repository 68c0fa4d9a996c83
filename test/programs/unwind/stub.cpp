// stub — code like that of a procedure linkage table, without unwind information, is interrupted, and the
// handler allocates: on AArch64 at the load of a stub and of the head of the table, on x86-64 at every
// instruction of stubs as LLVM's linker makes them (the others write information for theirs). So often each.
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>

#if defined __aarch64__

#define NOINLINE __attribute__((noinline, noclone))
#define TIMES    100

// The slots have a page of their own, which may not be read until the handler was there.
asm(".pushsection .data.slots, \"aw\"\n"
    ".balign 65536\n"
    "slot_of_stub: .quad target\n"
    "slot_of_head: .quad target_of_head\n"
    ".balign 65536\n"
    ".popsection\n"
    ".text\n"
    "target: ret\n"
    "target_of_head: ldp x16, x30, [sp], #16\n"
    "ret\n"
    "stub: bti c\n"
    "adrp x16, slot_of_stub\n"
    "ldr x17, [x16, :lo12:slot_of_stub]\n"
    "add x16, x16, :lo12:slot_of_stub\n"
    "br x17\n"
    "head: stp x16, x30, [sp, #-16]!\n"
    "adrp x16, slot_of_head\n"
    "ldr x17, [x16, :lo12:slot_of_head]\n"
    "add x16, x16, :lo12:slot_of_head\n"
    "br x17\n");

extern "C" {
extern char slot_of_stub;
void stub();
void head();
}

namespace {

volatile int struck;

void protect(int how) {
    if (mprotect(&slot_of_stub, 65536, how))
        abort();
}

void strike(int) {
    void *volatile p = malloc(16);
    free(p);
    struck = struck + 1;
    protect(PROT_READ);
}

NOINLINE void call_stub(int depth) {
    if (depth)
        call_stub(depth - 1);
    else
        stub();
    asm volatile("");
}
NOINLINE void call_head(int depth) {
    if (depth)
        call_head(depth - 1);
    else
        head();
    asm volatile("");
}

} // namespace

int main() {
    signal(SIGSEGV, strike);
    for (int i = 0; i < TIMES; i++) {
        protect(PROT_NONE);
        call_stub(i % 5);
        protect(PROT_NONE);
        call_head(i % 5);
    }
    return struck == 2 * TIMES ? 0 : 1;
}

#elif defined __x86_64__
#include <ucontext.h>

#define NOINLINE __attribute__((noinline, noclone))
#define TIMES    100

asm(".pushsection .data.slots, \"aw\"\n"
    "slot_to_target: .quad target\n"
    "slot_of_head: .quad 0\n"
    "slot_to_resolver: .quad resolver\n"
    ".popsection\n"
    ".text\n"
    "target: .cfi_startproc\n"
    "ret\n"
    ".cfi_endproc\n"
    "resolver: .cfi_startproc\n"
    ".cfi_def_cfa_offset 24\n"
    "add $16, %rsp\n"
    ".cfi_def_cfa_offset 8\n"
    "ret\n"
    ".cfi_endproc\n"
    ".balign 16\n"
    "stubs: push slot_of_head(%rip)\n"
    "jmp *slot_to_resolver(%rip)\n"
    ".byte 0x0f, 0x1f, 0x40, 0\n"
    "stub: jmp *slot_to_target(%rip)\n"
    "lazy: .byte 0x68, 0, 0, 0, 0\n"
    ".byte 0xe9\n"
    ".long stubs - . - 4\n"
    "lazy_with_pad: endbr64\n"
    ".byte 0x68, 0, 0, 0, 0\n"
    ".byte 0xe9\n"
    ".long stubs - . - 4\n"
    "xchg %ax, %ax\n"
    "with_pad: endbr64\n"
    "jmp *slot_to_target(%rip)\n"
    ".byte 0x66, 0x0f, 0x1f, 0x44, 0, 0\n"
    "end_of_stubs:\n");

extern "C" {
extern char stubs, end_of_stubs;
void stub();
void lazy();
void lazy_with_pad();
void with_pad();
}

namespace {

constexpr long trap_flag = 0x100;
void (*volatile each[])() = {stub, lazy, lazy_with_pad, with_pad};
volatile int struck;

void start(int, siginfo_t *, void *context) {
    static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_EFL] |= trap_flag;
}
void stop(int, siginfo_t *, void *context) {
    static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_EFL] &= ~trap_flag;
}
void step(int, siginfo_t *, void *context) {
    long pc = static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_RIP];
    if (pc < reinterpret_cast<long>(&stubs) || pc >= reinterpret_cast<long>(&end_of_stubs))
        return;
    void *volatile p = malloc(16);
    free(p);
    struck = struck + 1;
}
void handle(int signal, void (*handler)(int, siginfo_t *, void *)) {
    struct sigaction action {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(signal, &action, nullptr);
}

NOINLINE void call_stub(int depth, void (*which)()) {
    if (depth) {
        call_stub(depth - 1, which);
    } else {
        raise(SIGUSR1);
        which();
        raise(SIGUSR2);
    }
    asm volatile("");
}

} // namespace

int main() {
    handle(SIGUSR1, start);
    handle(SIGUSR2, stop);
    handle(SIGTRAP, step);
    for (int i = 0; i < TIMES; i++)
        for (auto *which : each)
            call_stub(i % 5, which);
    /* 1 + (2 + the head's 2) + (3 + 2) + 2 instructions */
    return struck == 12 * TIMES ? 0 : 1;
}

#else

int main() {
    return 0;
}

#endif
