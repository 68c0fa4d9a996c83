/* witness.c — tells a signal sent to the launcher alone from one sent to its whole process group. */
#define _GNU_SOURCE
#include "cli/launcher/witness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/launcher/descriptors.h"

#define ANSWER_TIMEOUT_MS 100 /* it may be stopped */

static _Noreturn void testify(int socket) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "memtrace-group");
    descriptors_close_all_but(&socket, 1);
    for (;;) {
        int question;
        ssize_t n = recv(socket, &question, sizeof question, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n != sizeof question)
            _exit(0);
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, question);
        char answer = sigtimedwait(&one, NULL, &(struct timespec){0, 0}) == question;
        send(socket, &answer, 1, MSG_NOSIGNAL);
    }
}

void witness_start(struct witness *witness) {
    int pair[2];
    witness->socket = -1;
    witness->pid = -1;
    if (descriptors_socket_pair(pair) != 0)
        return;
    witness->pid = fork();
    if (witness->pid == 0)
        testify(pair[1]);
    close(pair[1]);
    if (witness->pid < 0)
        close(pair[0]);
    else
        witness->socket = pair[0];
}

/* The terminal's signals come from the kernel; its other ones (SIGALRM, SIGXCPU) are for us alone. */
static bool looks_like_the_terminal(int signal, int code) {
    return code == SI_KERNEL && (signal == SIGINT || signal == SIGQUIT || signal == SIGHUP ||
                                 signal == SIGWINCH || signal == SIGCONT);
}

bool witness_saw(const struct witness *witness, int signal, int code) {
    struct pollfd wait = {.fd = witness->socket, .events = POLLIN};
    char answer;
    if (witness->socket < 0 || send(witness->socket, &signal, sizeof signal, MSG_NOSIGNAL) != sizeof signal ||
        poll(&wait, 1, ANSWER_TIMEOUT_MS) != 1 || recv(witness->socket, &answer, 1, 0) != 1)
        return looks_like_the_terminal(signal, code);
    return answer != 0;
}

void witness_stop(struct witness *witness) {
    if (witness->socket >= 0)
        close(witness->socket);
    witness->socket = -1;
    if (witness->pid > 0) {
        kill(witness->pid, SIGKILL); /* it may be stopped */
        while (waitpid(witness->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    witness->pid = -1;
}
