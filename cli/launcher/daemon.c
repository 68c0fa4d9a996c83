/* daemon.c — the daemon as the launcher sees it: a child of its own session, a socket with lines, its stderr.
 *
 * It gets none of the caller's descriptors, signals or terminal, so that nothing it does, or that is done to
 * it, reaches the program.
 */
#define _GNU_SOURCE
#include "cli/launcher/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/launcher/descriptors.h"
#include "cli/launcher/environment.h"
#include "cli/launcher/message.h"
#include "shim/inspect.h"

#define DAEMON_SOCKET 3

struct command {
    char node[PATH_MAX];
    char script[PATH_MAX];
    char **arguments;
};

/* Part of what dist/memtrace.cache is made for. */
static char *const node_options[] = {
    /* What V8 compiles beside the program, on a thread of its own, is compiled for a processor that the
     * program could have: half of it is for loops that are over by then. */
    "--no-concurrent-recompilation",
    /* MiB. Most of what a run makes lives until its end: V8 would begin with one, and copy it each time that
     * it makes that larger. */
    "--min-semi-space-size=16",
};
#define NODE_OPTIONS (sizeof node_options / sizeof *node_options)

#define NODE_REMEDY "install Node.js 20.19 or newer, or set MEMTRACE_NODE to its path"

static int no_node(const char *named) {
    char why[PATH_MAX + 64] = "it needs Node.js, and there is no `node` in the folders of PATH";
    if (named)
        snprintf(why, sizeof why, "MEMTRACE_NODE is %s, and there is no such program", named);
    return message_error(EXIT_MEMTRACE, "cannot start", why,
                         named ? "set MEMTRACE_NODE to the path of Node.js 20.19 or newer, or unset it"
                               : NODE_REMEDY);
}

/* node OPTIONS… memtrace.cjs ARGUMENTS…; 0, else the exit code after having said why. */
static int command_of(char **argv, struct command *command) {
    const char *named = getenv("MEMTRACE_NODE");
    if (named && !*named)
        named = NULL;
    const char *node = named ? named : "node";
    if (inspect_find_in_path(node, getenv("PATH"), command->node, sizeof command->node) != 0)
        return no_node(named);
    if (!environment_in_root("dist/memtrace.cjs", command->script, sizeof command->script) ||
        access(command->script, R_OK) != 0)
        return message_error(EXIT_MEMTRACE, "cannot start", "dist/memtrace.cjs is missing beside bin/",
                             "build it with `make`, or install it again");
    int count = 0;
    while (argv[count])
        count++;
    command->arguments = calloc((size_t)count + NODE_OPTIONS + 2, sizeof *command->arguments);
    if (!command->arguments)
        return message_error(EXIT_MEMTRACE, "cannot start", "memory is out", "free some and try again");
    char **next = command->arguments;
    *next++ = command->node;
    for (size_t i = 0; i < NODE_OPTIONS; i++)
        *next++ = node_options[i];
    *next++ = command->script;
    for (int i = 1; i < count; i++)
        *next++ = argv[i];
    return 0;
}

static int cannot_exec(const struct command *command) {
    char message[PATH_MAX + 32];
    snprintf(message, sizeof message, "cannot start %s", command->node);
    return message_error(EXIT_MEMTRACE, message, strerror(errno), NODE_REMEDY);
}

/* What Node.js takes, and a daemon beside it for the segment of a process; of addresses, not of memory. Node
 * does not end where it finds less: it may hang. */
#define NODE_ADDRESSES   (UINT64_C(1) << 30)
#define DAEMON_ADDRESSES (NODE_ADDRESSES + (UINT64_C(5) << 30))

/* 0, else the exit code after having said why. The soft limit is the program's: the daemon does without. */
static int check_addresses(uint64_t needed) {
    struct rlimit limit;
    char why[160];
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_max >= needed)
        return 0;
    snprintf(
        why, sizeof why,
        "it may have %llu MiB of addresses and needs %llu MiB (not of memory, of which it uses about 100)",
        (unsigned long long)limit.rlim_max >> 20, (unsigned long long)needed >> 20);
    return message_error(
        EXIT_MEMTRACE, "cannot start under this hard limit", why,
        "limit the program only, with a soft limit: ulimit -Sv in the shell, prlimit --as=N:");
}

/* What the caller set for the program is too little for Node.js, and is not meant for it. */
static void raise_limits(void) {
    static const int limits[] = {RLIMIT_AS,    RLIMIT_DATA,   RLIMIT_FSIZE,
                                 RLIMIT_NPROC, RLIMIT_NOFILE, RLIMIT_CPU};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct rlimit limit;
        if (getrlimit(limits[i], &limit) == 0) {
            limit.rlim_cur = limit.rlim_max;
            setrlimit(limits[i], &limit);
        }
    }
}

int daemon_become(char **argv) {
    struct command command;
    int code = command_of(argv, &command);
    if (code == 0)
        code = check_addresses(NODE_ADDRESSES);
    if (code != 0)
        return code;
    raise_limits();
    descriptors_fill_standard();
    unsetenv(NODE_CERTIFICATES);
    execv(command.node, command.arguments);
    return cannot_exec(&command);
}

/* ---- the child ---- */

static void reset_signals(void) {
    for (int signal = 1; signal < NSIG; signal++)
        sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run_daemon(const struct command *command, char **environment, int socket, int output) {
    static const int keep[] = {0, 1, 2, DAEMON_SOCKET};
    setsid();
    reset_signals();
    raise_limits();
    umask(077); /* under the caller's it might not be able to open its own files again */
    int null = descriptors_hide(open("/dev/null", O_RDWR | O_CLOEXEC));
    dup2(null, 0);
    dup2(null, 1);
    dup2(output, 2);
    dup2(socket, DAEMON_SOCKET);
    descriptors_close_all_but(keep, sizeof keep / sizeof *keep);
    execve(command->node, command->arguments, environment);
    _exit(cannot_exec(command));
}

int daemon_start(struct daemon *daemon, char **argv) {
    struct command command;
    int sockets[2], pipe[2], code = command_of(argv, &command);
    if (code == 0)
        code = check_addresses(DAEMON_ADDRESSES);
    if (code != 0)
        return code;
    char **environment = environment_of_daemon();
    if (!environment || descriptors_socket_pair(sockets) != 0 || descriptors_pipe(pipe) != 0)
        return message_error(EXIT_MEMTRACE, "cannot start", strerror(errno),
                             "raise the limit on open files: ulimit -n 64");
    signal(SIGCHLD, SIG_DFL); /* a caller that ignores it would hide the program's status from us */
    daemon->pid = fork();
    if (daemon->pid == 0)
        run_daemon(&command, environment, sockets[1], pipe[1]);
    close(sockets[1]);
    close(pipe[1]);
    free(environment);
    free(command.arguments);
    if (daemon->pid < 0)
        return message_error(EXIT_MEMTRACE, "cannot start", strerror(errno),
                             "raise the limit on processes: ulimit -u");
    daemon->socket = sockets[0];
    daemon->ended = false;
    relay_open(&daemon->relay, pipe[0]);
    return 0;
}

/* ---- lines ---- */

#define SILENCE_MS 20000

/* Reads one line while relaying; false at the end of file. */
static bool read_line(struct daemon *daemon, char *line, size_t size) {
    for (size_t length = 0;;) {
        struct pollfd wait[2] = {{.fd = daemon->socket, .events = POLLIN}};
        relay_prepare(&daemon->relay, &wait[1]);
        if (poll(wait, 2, SILENCE_MS) == 0)
            message_line("still waiting for its daemon (pid %d) to start; ^C ends this", (int)daemon->pid);
        relay_pump(&daemon->relay);
        if (wait[0].revents == 0)
            continue;
        ssize_t n = recv(daemon->socket, line + length, size - 1 - length, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        length += (size_t)n;
        line[length] = '\0';
        char *end = strchr(line, '\n');
        if (end) {
            *end = '\0';
            return true;
        }
        if (length == size - 1)
            return false;
    }
}

static enum daemon_answer died(struct daemon *daemon, struct start *start) {
    close(daemon->socket); /* a daemon that lives ends when it sees this */
    daemon->socket = -1;
    while (waitpid(daemon->pid, &daemon->status, 0) < 0 && errno == EINTR)
        ;
    daemon->ended = true;
    relay_pump(&daemon->relay);
    start->exit_code = EXIT_MEMTRACE;
    if (WIFSIGNALED(daemon->status))
        message_error(EXIT_MEMTRACE, "its daemon died while starting", strsignal(WTERMSIG(daemon->status)),
                      "raise the limits it inherits (ulimit -a): Node.js needs about 30 open files and 1 GiB "
                      "of addresses");
    else if (WEXITSTATUS(daemon->status) != 0)
        start->exit_code = WEXITSTATUS(daemon->status); /* it has said why */
    return ANSWER_DIED;
}

enum daemon_answer daemon_wait_for_start(struct daemon *daemon, struct start *start) {
    char line[PATH_MAX + 64], mode[8], screen[8];
    int folder_at = 0;
    if (!read_line(daemon, line, sizeof line))
        return died(daemon, start);
    if (strcmp(line, "direct") == 0)
        return ANSWER_DIRECT;
    if (sscanf(line, "exit %d", &start->exit_code) == 1)
        return ANSWER_EXIT;
    if (sscanf(line, "start %d %7s %7s %n", &start->index, mode, screen, &folder_at) < 3 || folder_at == 0)
        return died(daemon, start);
    start->allow_untraced = strcmp(mode, "allow") == 0;
    start->has_keys_only = strcmp(screen, "keys") == 0;
    start->has_viewer = start->has_keys_only || strcmp(screen, "viewer") == 0;
    snprintf(start->folder, sizeof start->folder, "%s", line + folder_at);
    return ANSWER_START;
}

void daemon_send(const struct daemon *daemon, const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0 || daemon->socket < 0)
        return;
    if ((size_t)length > sizeof line - 2)
        length = sizeof line - 2;
    line[length++] = '\n';
    send(daemon->socket, line, (size_t)length, MSG_NOSIGNAL); /* a few short lines: never blocks */
}

void daemon_reap(struct daemon *daemon) {
    int status;
    while (!daemon->ended && waitpid(daemon->pid, &status, WNOHANG | WUNTRACED | WCONTINUED) == daemon->pid) {
        daemon->stopped = WIFSTOPPED(status);
        if (WIFSTOPPED(status) || WIFCONTINUED(status))
            continue;
        daemon->status = status;
        daemon->ended = true;
    }
}
