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

#define ANSWER_TIMEOUT_MS 100 /* it may be stopped, and answers late: hence the numbers */

struct question {
    int signal;
    unsigned number;
};
struct answer {
    int saw;
    unsigned number;
};

static _Noreturn void testify(int socket) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "signal-witness"); /* not for `pkill memtrace`, which leaves the program out */
    descriptors_close_all_but(&socket, 1);
    for (;;) {
        struct question question;
        ssize_t n = recv(socket, &question, sizeof question, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n != sizeof question)
            _exit(0);
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, question.signal);
        struct answer answer = {.saw = sigtimedwait(&one, NULL, &(struct timespec){0, 0}) == question.signal,
                                .number = question.number};
        send(socket, &answer, sizeof answer, MSG_NOSIGNAL);
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

static bool ask(struct witness *witness, int signal, struct answer *answer) {
    struct question question = {.signal = signal, .number = ++witness->asked};
    if (witness->socket < 0 ||
        send(witness->socket, &question, sizeof question, MSG_NOSIGNAL) != sizeof question)
        return false;
    do {
        struct pollfd wait = {.fd = witness->socket, .events = POLLIN};
        if (poll(&wait, 1, ANSWER_TIMEOUT_MS) != 1 ||
            recv(witness->socket, answer, sizeof *answer, 0) != sizeof *answer)
            return false;
    } while (answer->number != question.number);
    return true;
}

bool witness_saw(struct witness *witness, int signal, int code) {
    struct answer answer;
    return ask(witness, signal, &answer) ? answer.saw : looks_like_the_terminal(signal, code);
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
