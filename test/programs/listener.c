/* listener.c — says on stdout which signals it gets, as they come; "ready PID" when it listens. SIGURG ends
 * it with exit code 3. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    printf("ready %d\n", getpid());
    fflush(stdout);
    for (;;) {
        siginfo_t info;
        int signal = sigwaitinfo(&all, &info);
        if (signal == SIGURG)
            return 3;
        if (signal > 0) {
            printf("%s %d\n", sigabbrev_np(signal), info.si_code == SI_QUEUE ? info.si_value.sival_int : 0);
            fflush(stdout);
        }
    }
}
