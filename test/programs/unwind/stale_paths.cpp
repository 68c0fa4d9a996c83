// stale_paths ROUNDS — what a careless memory of paths gets wrong: functions that allocate by turns above the
// same frame, called from different places, from the same stack addresses as before and from deeper ones
// whose return addresses are left there.
#include <alloca.h>
#include <cstdlib>

#define NOINLINE __attribute__((noinline, noclone))

namespace {

NOINLINE void allocate() {
    void *p = malloc(24);
    *static_cast<volatile char *>(p) = 1;
    free(p);
}
NOINLINE int leaf_a(int n) {
    allocate();
    return n + 1;
}
NOINLINE int leaf_b(int n) {
    allocate();
    return n + 2;
}
NOINLINE int by_turns(int n) {
    int r = leaf_a(n);
    return r + leaf_b(n);
}
NOINLINE int middle(int n) { // where paths end: below it all differs, above it little
    return by_turns(n) + 3;
}
NOINLINE int caller_a(int deep, int n) {
    auto *b = static_cast<volatile char *>(alloca(deep));
    b[0] = 1;
    int r = middle(n);
    return r + b[0];
}
NOINLINE int caller_b(int deep, int n) {
    auto *b = static_cast<volatile char *>(alloca(deep));
    b[0] = 1;
    int r = middle(n);
    return r + 2 * b[0];
}

} // namespace

int main(int argc, char **argv) {
    long rounds = argc > 1 ? atol(argv[1]) : 100000, sum = 0;
    unsigned state = 7;
    for (long i = 0; i < rounds; i++) {
        state = state * 1664525u + 1013904223u;
        int n = static_cast<int>(state >> 24), deep = state >> 20 & 1 ? 1 << 17 : 16;
        int (*volatile caller)(int, int) = state >> 28 & 1 ? caller_a : caller_b;
        sum += caller(deep, n);
    }
    return sum == 0;
}
