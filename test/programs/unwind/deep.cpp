// deep SEED CALLS — a random recursion that goes down further than a stack is told in full, and wanders about
// there: up and down, in functions with frames of all kinds. Few of the calls allocate, for an outside
// unwinder takes long.
#include <alloca.h>
#include <cstdlib>

#define NOINLINE __attribute__((noinline, noclone))
#define DEEPEST  900

namespace {

unsigned state;
long calls;

unsigned random_number() {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

NOINLINE void allocate() {
    void *volatile block = malloc(8 + random_number() % 200);
    free(block);
}

NOINLINE int go_on(int depth);

NOINLINE int plain(int depth) {
    return go_on(depth + 1) + 1;
}

NOINLINE int with_alloca(int depth) {
    auto *room = static_cast<volatile char *>(alloca(16 + random_number() % 300));
    room[0] = 1;
    return go_on(depth + 1) + room[0];
}

NOINLINE int realigned(int depth) {
    alignas(64) volatile float room[16];
    room[0] = static_cast<float>(depth);
    return go_on(depth + 1) + static_cast<int>(room[0]);
}

NOINLINE int with_many_registers(int depth) {
    long a = random_number(), b = random_number(), c = random_number();
    int r = go_on(depth + 1);
    return r + static_cast<int>(a ^ b ^ c);
}

int (*const functions[])(int) = {plain, with_alloca, realigned, with_many_registers};

/* Half of the way down nothing turns back, so that most of the time is spent where it is deep. */
NOINLINE int go_on(int depth) {
    int r = 0;
    if (random_number() % 16 == 0)
        allocate();
    while (depth < DEEPEST && calls > 0 && (depth < DEEPEST / 4 || random_number() % 8 < 5)) {
        calls--;
        r += functions[random_number() % 4](depth);
    }
    return r;
}

} // namespace

int main(int argc, char **argv) {
    state = argc > 1 ? static_cast<unsigned>(atoi(argv[1])) : 1;
    calls = argc > 2 ? atol(argv[2]) : 20000;
    volatile int sum = 0;
    while (calls > 0)
        sum = sum + go_on(0);
    return 0;
}
