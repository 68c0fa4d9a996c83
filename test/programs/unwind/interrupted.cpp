// interrupted SIGNALS — a timer's signal handler allocates wherever it strikes: in leaf functions that have no
// frame, in prologues and epilogues, until it has struck so often.
#include <csignal>
#include <cstdlib>
#include <sys/time.h>

#define NOINLINE __attribute__((noinline, noclone))

namespace {

volatile sig_atomic_t left;
volatile unsigned sink;

void strike(int) {
    void *volatile p = malloc(16);
    free(p);
    left = left - 1;
}

NOINLINE unsigned leaf(unsigned x) {
    return x * 2654435761u ^ x >> 3;
}
NOINLINE unsigned looping_leaf(unsigned x) {
    for (int i = 0; i < 50; i++)
        x = x * 1664525u + sink;
    return x;
}
NOINLINE unsigned with_frame(unsigned x) {
    unsigned a = leaf(x), b = leaf(a + 1), c = looping_leaf(b + a);
    sink = a ^ b;
    return a + b + c;
}
NOINLINE unsigned descend(unsigned depth, unsigned x) {
    volatile unsigned room[4] = {x, depth, x + depth, 7};
    return (depth ? descend(depth - 1, x + 1) : with_frame(x)) + room[3];
}

} // namespace

int main(int argc, char **argv) {
    left = argc > 1 ? atoi(argv[1]) : 100;
    signal(SIGALRM, strike);
    itimerval every{{0, 1000}, {0, 1000}};
    setitimer(ITIMER_REAL, &every, nullptr);
    for (unsigned i = 0; left > 0; i++)
        sink = descend(i % 8, i);
    every = {};
    setitimer(ITIMER_REAL, &every, nullptr);
    return 0;
}
