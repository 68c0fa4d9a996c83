// stale_slots ROUNDS — what a careless incremental unwinder gets wrong: frames of variable size whose inner
// stack pointer is the same in two calls although the frame address differs, with the return addresses of
// earlier calls left where the unwinder may look for them.
#include <alloca.h>
#include <cstdlib>

#define NOINLINE __attribute__((noinline, noclone))

namespace {

NOINLINE void allocate() {
    void *p = malloc(24);
    *static_cast<volatile char *>(p) = 1;
    free(p);
}
NOINLINE int inner(int n) { // does not touch the frame pointer
    allocate();
    return n;
}
NOINLINE int variable(int n) { // its frame is found by the frame pointer
    auto *b = static_cast<volatile char *>(alloca(n));
    b[0] = 1;
    int r = inner(n);
    return r + b[0];
}
NOINLINE int caller_a(int n) {
    return variable(n) + 1;
}
NOINLINE int caller_b(int n) {
    return variable(n) + 2;
}
NOINLINE int caller_c(int n) {
    int a = caller_a(n);
    return a + 3;
}
/* Pads so that all callees end at the same stack pointer whatever n is. */
NOINLINE int padded(int n, int which, int whole) {
    auto *b = static_cast<volatile char *>(alloca(whole - n));
    b[0] = 1;
    int r = which == 0 ? caller_a(n) : which == 1 ? caller_b(n) : caller_c(n);
    return r + b[0];
}

} // namespace

int main(int argc, char **argv) {
    long rounds = argc > 1 ? atol(argv[1]) : 100000, sum = 0;
    unsigned state = 7;
    for (long i = 0; i < rounds; i++) {
        state = state * 1664525u + 1013904223u;
        int n = 16 + static_cast<int>((state >> 16) % 64) * 16;
        sum += padded(n, static_cast<int>((state >> 28) % 3), 1024 + 64);
    }
    return sum == 0;
}
