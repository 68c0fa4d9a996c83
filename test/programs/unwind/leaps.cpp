// leaps — a signal handler allocates at every single instruction of what leaves frames in other ways than by
// returning from them: longjmp, siglongjmp, setcontext, and vfork, whose child uses the parent's.
// x86-64 alone.
#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#if defined __x86_64__

#define NOINLINE __attribute__((noinline, noclone))

namespace {

volatile sig_atomic_t stepping;
constexpr long trap_flag = 0x100;

void start(int, siginfo_t *, void *context) {
    stepping = 1;
    static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_EFL] |= trap_flag;
}
void step(int, siginfo_t *, void *context) {
    if (stepping) {
        void *volatile p = malloc(20);
        free(p);
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

jmp_buf here;
sigjmp_buf here_with_signals;
ucontext_t context;

NOINLINE void leap(int how) {
    if (how == 0)
        longjmp(here, 1);
    else if (how == 1)
        siglongjmp(here_with_signals, 1);
    else
        setcontext(&context);
}
NOINLINE void descend(int depth, int how) {
    volatile long room[5] = {depth};
    if (depth)
        descend(depth - 1, how);
    else
        leap(how);
    room[1] = room[0];
}
NOINLINE void by_longjmp() {
    if (!setjmp(here)) {
        raise(SIGUSR1);
        descend(3, 0);
    }
    stepping = 0;
}
NOINLINE void by_siglongjmp() {
    if (!sigsetjmp(here_with_signals, 1)) {
        raise(SIGUSR1);
        descend(3, 1);
    }
    stepping = 0;
}
NOINLINE void by_setcontext() {
    volatile bool is_back = false;
    getcontext(&context);
    if (!is_back) {
        is_back = true;
        raise(SIGUSR1);
        descend(3, 2);
    }
    stepping = 0;
}
NOINLINE void by_vfork() {
    raise(SIGUSR1);
    pid_t child = vfork();
    if (!child)
        _exit(0);
    stepping = 0;
    waitpid(child, nullptr, 0);
}

} // namespace

int main() {
    handle(SIGUSR1, start);
    handle(SIGTRAP, step);
    by_longjmp();
    by_siglongjmp();
    by_setcontext();
    by_vfork();
    return 0;
}

#else

int main() {
    return 0;
}

#endif
