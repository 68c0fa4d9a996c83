/* Forks in a signal handler at every STRIDE-th instruction of calls of malloc, and lets the child return from
 * it.
 *
 *     fork_inside [STRIDE]
 *
 * Each child ends the call that was interrupted, uses the heap, and ends with 0. On a processor that is not
 * made to step here, a timer interrupts instead.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __x86_64__
#define STEP 0x100L /* the trap flag */
static void steps_begin(void) {
    __asm__ volatile("sub $128, %%rsp; pushf; orl $0x100, (%%rsp); popf; add $128, %%rsp" ::: "memory", "cc");
}
static void steps_end(ucontext_t *interrupted) {
    interrupted->uc_mcontext.gregs[REG_EFL] &= ~STEP;
}
#define SIGNAL SIGTRAP
#else
static void steps_begin(void) {
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 500}, {0, 500}}, NULL);
}
static void steps_end(ucontext_t *interrupted) {
    (void)interrupted;
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
}
#define SIGNAL SIGALRM
#endif

static volatile sig_atomic_t stepping, in_child, stride = 1, steps, forks, died;

static void at_step(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    if (!stepping) {
        steps_end(context);
        return;
    }
    if (steps++ % stride)
        return;
    pid_t pid = forks % 2 ? fork() : _Fork();
    if (pid == 0) {
        in_child = 1;
        stepping = 0;
        steps_end(context);
        return;
    }
    int status;
    if (waitpid(pid, &status, 0) != pid || status != 0)
        died++;
    forks++;
}

/* Each depth is a stack that was never seen. */
static void __attribute__((noinline)) use(int depth, size_t size) {
    if (depth > 0) {
        use(depth - 1, size);
        __asm__ volatile("");
        return;
    }
    char *block = malloc(size);
    memset(block, 1, 16);
    block = realloc(block, size * 2);
    if (block[15] != 1)
        abort();
    free(block);
    free(calloc(3, size));
}

int main(int argc, char **argv) {
    if (argc > 1)
        stride = atoi(argv[1]);
    use(0, 100);
    struct sigaction action = {.sa_sigaction = at_step, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGNAL, &action, NULL);
    stepping = 1;
    steps_begin();
#ifdef __x86_64__
    use(3, 100);
    use(3, 100); /* a stack that is known now */
    use(1, 200000);
#else
    while (forks < 100 && !in_child)
        use(steps % 10, 100);
#endif
    stepping = 0;
    if (in_child) {
        for (int i = 0; i < 200; i++)
            use(i % 10, (size_t)i + 16);
        pid_t pid = fork(); /* and one more generation */
        if (pid == 0) {
            use(2, 50);
            _exit(0);
        }
        int status;
        waitpid(pid, &status, 0);
        _exit(status != 0);
    }
    printf("%s\n%d children died\n", forks >= 5 ? "many forks" : "few forks", (int)died);
    return died != 0;
}
