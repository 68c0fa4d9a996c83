// lazy_binding — allocates inside the dynamic loader's lazy binding resolver, whose frame is found by a register
// that only its callees have saved: in resolvers of indirect functions, and in a signal handler at every single
// instruction between a first call through the procedure linkage table and its return.
// Built twice: with -DLIBRARY the functions, without it the program; linked with -z lazy.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#ifdef __x86_64__
#include <ucontext.h>
#endif

#define EACH(X) X(a) X(b) X(c) X(d) X(e) X(f) X(g) X(h) X(i) X(j) X(k) X(l)

#ifdef LIBRARY
#define DEFINE(name)                                                                                         \
    static long name##_result(long x) { return x + 1; }                                                      \
    extern "C" __attribute__((used)) auto resolve_##name() -> long (*)(long) {                               \
        void *volatile p = malloc(10);                                                                       \
        free(p);                                                                                             \
        return name##_result;                                                                                \
    }                                                                                                        \
    extern "C" long indirect_##name(long) __attribute__((ifunc("resolve_" #name)));                          \
    extern "C" long direct_##name(long x) { return x + 2; }
EACH(DEFINE)

#else
#define DECLARE(name)                                                                                        \
    extern "C" long indirect_##name(long);                                                                   \
    extern "C" long direct_##name(long);
EACH(DECLARE)

namespace {

volatile sig_atomic_t stepping, allocated;

#ifdef __x86_64__
constexpr long trap_flag = 0x100;
void start(int, siginfo_t *, void *context) {
    stepping = 1;
    static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_EFL] |= trap_flag;
}
void step(int, siginfo_t *, void *context) {
    if (stepping) {
        void *volatile p = malloc(20);
        free(p);
        allocated = allocated + 1;
    } else {
        static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_EFL] &= ~trap_flag;
    }
}
void handle(int signal, void (*handler)(int, siginfo_t *, void *)) {
    struct sigaction action {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(signal, &action, nullptr);
}
#endif

/* Calls at different depths, with registers in use that callees must save. */
__attribute__((noinline)) long descend(int depth, long (*call)(long), long x) {
    volatile long room[3] = {x, x + 1, x + 2};
    long r = depth ? descend(depth - 1, call, x + 1) : call(x);
    return r + room[0] * room[1] + room[2];
}

} // namespace

int main() {
    long sum = 0;
    int depth = 0;
#define CALL(name) sum += descend(depth++, [](long x) { return indirect_##name(x) + 1; }, sum);
    EACH(CALL)
#ifdef __x86_64__
    handle(SIGUSR1, start);
    handle(SIGTRAP, step);
#define STEP(name) sum += descend(depth++, [](long x) {                                                     \
        raise(SIGUSR1);                                                                                      \
        long r = direct_##name(x);                                                                           \
        stepping = 0;                                                                                        \
        return r + 1;                                                                                        \
    }, sum);
    EACH(STEP)
#endif
    printf("%d\n", static_cast<int>(allocated));
    return sum == 0;
}
#endif
