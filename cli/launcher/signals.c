/* signals.c — signals while a program runs: its own are the caller's, the launcher passes on what is sent to
 * it. */
#define _GNU_SOURCE
#include "cli/launcher/signals.h"

#include <errno.h>
#include <unistd.h>

#include "cli/launcher/descriptors.h"

void signals_note(struct caller_signals *caller) {
    sigprocmask(SIG_SETMASK, NULL, &caller->mask);
    sigaction(SIGCHLD, NULL, &caller->on_child);
}

static void all_forwarded(sigset_t *set) {
    static const int kept[] = {SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD, SIGPIPE};
    sigfillset(set);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        sigdelset(set, kept[i]);
}

int signals_take(void) {
    sigset_t set;
    all_forwarded(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGPIPE); /* our own, from a stderr that nobody reads: only not deadly */
    signal(SIGCHLD, SIG_DFL); /* ignored, it would hide the program's status */
    sigprocmask(SIG_BLOCK, &set, NULL);
    return descriptors_hide(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

void signals_give_back(const struct caller_signals *caller) {
    sigaction(SIGCHLD, &caller->on_child, NULL);
    sigprocmask(SIG_SETMASK, &caller->mask, NULL);
}

bool signals_next(int fd, struct signalfd_siginfo *info) {
    ssize_t n;
    do
        n = read(fd, info, sizeof *info);
    while (n < 0 && errno == EINTR);
    return n == sizeof *info;
}

void signals_forward(const struct signalfd_siginfo *info, pid_t program) {
    if (info->ssi_code == SI_QUEUE)
        sigqueue(program, (int)info->ssi_signo, (union sigval){.sival_ptr = (void *)info->ssi_ptr});
    else
        kill(program, (int)info->ssi_signo);
}

bool signals_asks_to_end(int signal) {
    return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}
