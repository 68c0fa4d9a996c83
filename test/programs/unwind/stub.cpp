// stub — code like that of a procedure linkage table, without unwind information, is interrupted at its load,
// and the handler allocates: in a stub and in the head of the table, so often each. AArch64 alone: on x86-64
// linkers write information for theirs.
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

#else

int main() {
    return 0;
}

#endif
