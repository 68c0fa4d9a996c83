/* main.c — the command `memtrace`.
 *
 * A C program, and not Node, so that with `run` the program gets what the caller gave: descriptors, limits,
 * signal dispositions and mask, process group, terminal and environment. Everything else is handed to Node
 * at once. `run`: the daemon starts first, reads the options and makes the session; it says what to start;
 * the program is started; signals, the daemon's words and the ends of both are passed on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/launcher/daemon.h"
#include "cli/launcher/descriptors.h"
#include "cli/launcher/environment.h"
#include "cli/launcher/message.h"
#include "cli/launcher/program.h"
#include "cli/launcher/pty.h"
#include "cli/launcher/signals.h"
#include "cli/launcher/viewer.h"
#include "cli/launcher/witness.h"
#include "proto/session.h"
#include "shim/inspect.h"

struct run {
    struct daemon daemon;
    struct program program;
    struct witness witness;
    struct pty pty;
    struct viewer viewer;
    int signals;
    bool asked_to_hurry;
};

/* ---- while it runs ---- */

static void program_ended(struct run *run) {
    witness_stop(&run->witness);
    if (WIFSIGNALED(run->program.status))
        daemon_send(&run->daemon, "signal %d", WTERMSIG(run->program.status));
    else
        daemon_send(&run->daemon, "exit %d", WEXITSTATUS(run->program.status));
}

static void reap(struct run *run) {
    bool had_ended = run->program.ended;
    program_reap(&run->program);
    if (run->program.ended && !had_ended)
        program_ended(run);
    bool was_stopped = run->daemon.stopped;
    daemon_reap(&run->daemon);
    if (run->daemon.stopped && !was_stopped && run->viewer.ended)
        message_line("its daemon (pid %d) was stopped: the program waits for it once it has much to tell; "
                     "kill -CONT %d lets both go on",
                     (int)run->daemon.pid, (int)run->daemon.pid);
    viewer_reap(&run->viewer);
    if (run->viewer.ended)
        pty_show(&run->pty);
}

/* After the program only the report is waited for: one ^C is an accident, two are a wish. */
static void hurry(struct run *run) {
    if (run->asked_to_hurry)
        kill(run->daemon.pid, SIGKILL);
    else
        message_line("still writing the report; once more gives it up");
    run->asked_to_hurry = true;
}

static void pass_on(struct run *run, const struct signalfd_siginfo *info) {
    pid_t program = run->program.pid;
    if (info->ssi_signo == SIGWINCH && pty_group(&run->pty) > 0) {
        pty_resize(&run->pty);
        return;
    }
    bool went_to_group = witness_saw(&run->witness, (int)info->ssi_signo, info->ssi_code);
    if (went_to_group && getpgid(program) == getpgrp())
        return; /* the program has it already */
    pid_t behind_pty = went_to_group ? pty_group(&run->pty) : -1;
    if (behind_pty > 0)
        kill(-behind_pty, (int)info->ssi_signo); /* a key: for all that it would have reached */
    else
        signals_forward(info, program);
}

static void read_signals(struct run *run) {
    struct signalfd_siginfo info;
    while (signals_next(run->signals, &info)) {
        if (info.ssi_signo == SIGCHLD)
            reap(run);
        else if (info.ssi_signo == SIGPIPE && info.ssi_pid == (uint32_t)getpid())
            continue; /* our own */
        else if (!run->program.ended)
            pass_on(run, &info);
        else if (signals_asks_to_end((int)info.ssi_signo))
            hurry(run);
    }
}

/* What the daemon says now is of no interest, only that it is there. */
static void read_socket(struct daemon *daemon) {
    char ignored[256];
    ssize_t n = recv(daemon->socket, ignored, sizeof ignored, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close(daemon->socket);
        daemon->socket = -1;
    }
}

/* What the daemon says waits while the viewer has the terminal. */
static bool is_over(const struct run *run) {
    return run->program.ended && run->daemon.ended && run->viewer.ended && relay_is_empty(&run->daemon.relay);
}

static void wait_for_all(struct run *run) {
    reap(run); /* what ended before its SIGCHLD was asked for */
    while (!is_over(run)) {
        struct pollfd wait[3 + PTY_FDS] = {
            {.fd = run->signals, .events = POLLIN}, {.fd = run->daemon.socket, .events = POLLIN}, {.fd = -1}};
        if (run->viewer.ended)
            relay_prepare(&run->daemon.relay, &wait[2]);
        pty_prepare(&run->pty, &wait[3]);
        if (poll(wait, 3 + PTY_FDS, -1) < 0 && errno != EINTR)
            break;
        if (wait[0].revents)
            read_signals(run);
        if (wait[1].revents)
            read_socket(&run->daemon);
        pty_pump(&run->pty);
        if (run->viewer.ended)
            relay_pump(&run->daemon.relay);
    }
}

/* Nothing of the caller's but stderr is kept: a pipe that the program closes must be closed. */
static void let_go_of_callers_descriptors(const struct run *run) {
    int keep[] = {STDERR_FILENO,       run->daemon.socket, run->daemon.relay.from, run->signals,
                  run->witness.socket, run->pty.master,    run->pty.terminal,      run->pty.copy};
    descriptors_close_all_but(keep, sizeof keep / sizeof *keep);
    descriptors_fill_standard();
}

/* ---- run ---- */

/* Closing the socket tells the daemon that nothing follows. */
static int wait_for_daemon(struct run *run, int code) {
    if (run->daemon.socket >= 0)
        close(run->daemon.socket);
    while (!run->daemon.ended && waitpid(run->daemon.pid, &run->daemon.status, 0) < 0 && errno == EINTR)
        ;
    relay_pump(&run->daemon.relay);
    return code;
}

static int give_up(struct run *run, int code, int error) {
    daemon_send(&run->daemon, "failed %d %s", error, error ? strerror(error) : "refused");
    return wait_for_daemon(run, code);
}

static int start_program(struct run *run, const struct start *start, const struct caller_signals *caller) {
    char shim[PATH_MAX + 32];
    int error = 0, code = program_find(&run->program, start->allow_untraced);
    if (code != 0)
        return give_up(run, code, 0);
    snprintf(shim, sizeof shim, "%s/" SESSION_SHIM_LINK, start->folder);
    bool traced = run->program.untraced == UNTRACED_NONE;
    char **environment = traced ? environment_of_program(shim) : environ;
    run->signals = signals_take();
    if (start->has_viewer && (code = pty_open(&run->pty, start->folder)) != 0)
        return give_up(run, code, 0);
    if (!environment || run->signals < 0)
        return give_up(run,
                       message_error(EXIT_MEMTRACE, "cannot start", strerror(errno),
                                     "raise the limits on memory and open files: ulimit -a"),
                       errno);
    witness_start(&run->witness); /* before the program: the younger are signalled first */
    code = program_start(&run->program, environment, caller, &run->pty, &error);
    if (code != 0) {
        witness_stop(&run->witness);
        return give_up(run, code, error);
    }
    if (!traced)
        daemon_send(&run->daemon, "untraced %d", run->program.untraced);
    daemon_send(&run->daemon, "pid %d", run->program.pid);
    return 0;
}

static void tell_of_lost_daemon(const struct run *run) {
    const struct daemon *daemon = &run->daemon;
    if (WIFSIGNALED(daemon->status) && !run->asked_to_hurry)
        message_line("its daemon was killed (%s): there is no report; the program was not harmed",
                     strsignal(WTERMSIG(daemon->status)));
}

static int command_run(int argc, char **argv) {
    struct run run = {
        .witness = {.pid = -1, .socket = -1}, .viewer = {.pid = -1, .ended = true}, .signals = -1};
    struct start start;
    struct caller_signals caller;
    pty_none(&run.pty);
    signals_note(&caller);
    int code = daemon_start(&run.daemon, argv);
    if (code != 0)
        return code;
    switch (daemon_wait_for_start(&run.daemon, &start)) {
    case ANSWER_DIED:
        return start.exit_code;
    case ANSWER_EXIT:
        return wait_for_daemon(&run, start.exit_code);
    case ANSWER_DIRECT:
        wait_for_daemon(&run, 0);
        return daemon_become(argv);
    case ANSWER_START:
        break;
    }
    if (start.index < 1 || start.index >= argc)
        return give_up(&run,
                       message_error(EXIT_MEMTRACE, "cannot start", "no program was named",
                                     "memtrace run -- program arguments"),
                       0);
    run.program.argv = argv + start.index;
    code = start_program(&run, &start, &caller);
    if (code != 0)
        return code;
    pty_started(&run.pty);
    let_go_of_callers_descriptors(&run);
    if (start.has_viewer)
        viewer_start(&run.viewer, start.folder, run.pty.path, start.has_keys_only, &caller);
    wait_for_all(&run);
    tell_of_lost_daemon(&run);
    return program_exit_code(&run.program);
}

/* For `memtrace doctor`: the path found, the number and words of the reason, the remedy, the interpreter. */
static int command_inspect(const char *program) {
    char path[PATH_MAX] = "", interpreter[PATH_MAX] = "";
    if (inspect_find_in_path(program, getenv("PATH"), path, sizeof path) != 0 || access(path, X_OK) != 0)
        return puts("") < 0;
    enum untraced_reason reason = inspect_program(path);
    inspect_interpreter(path, interpreter, sizeof interpreter);
    printf("%s\n%d\n%s\n%s\n%s\n", path, reason, inspect_reason(reason), inspect_remedy(reason), interpreter);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "inspect-program") == 0)
        return command_inspect(argv[2]);
    if (argc > 1 && strcmp(argv[1], "run") == 0)
        return command_run(argc, argv);
    return argc > 0 ? daemon_become(argv) : EXIT_MEMTRACE;
}
