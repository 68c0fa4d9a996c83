/* program.c — the traced program: found, looked at, started exactly as the caller would have started it. */
#define _GNU_SOURCE
#include "cli/launcher/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/launcher/descriptors.h"
#include "cli/launcher/environment.h"
#include "cli/launcher/message.h"
#include "shim/inspect.h"

/* ---- what can be told before it runs ---- */

static int cannot_run(const struct program *program, int code, const char *why, const char *remedy) {
    char message[PATH_MAX + 32];
    snprintf(message, sizeof message, "cannot run %s", *program->argv[0] ? program->argv[0] : "\"\"");
    return message_error(code, message, why, remedy);
}

static int not_found(const struct program *program) {
    if (strchr(program->argv[0], '/'))
        return cannot_run(program, EXIT_NOT_FOUND, "there is no such file", "check the path");
    struct stat st;
    char remedy[PATH_MAX + 64] = "check the spelling, or give its path";
    if (stat(program->argv[0], &st) == 0)
        snprintf(remedy, sizeof remedy, "the one in this folder is ./%s", program->argv[0]);
    return cannot_run(program, EXIT_NOT_FOUND, "there is no such program in the folders of PATH", remedy);
}

static int not_executable(const struct program *program) {
    struct stat st;
    if (stat(program->path, &st) != 0)
        return cannot_run(program, EXIT_NOT_EXECUTABLE, strerror(errno), "check the rights of its folders");
    if (S_ISDIR(st.st_mode))
        return cannot_run(program, EXIT_NOT_EXECUTABLE, "it is a folder", "name the program in it");
    return cannot_run(program, EXIT_NOT_EXECUTABLE, "you may not execute this file",
                      "chmod +x it, or run it with its interpreter");
}

/* The script or program names an interpreter that is not there: exec would say "no such file", of another. */
static int missing_interpreter(const struct program *program) {
    char interpreter[PATH_MAX], why[PATH_MAX + 64];
    struct stat st;
    if (inspect_interpreter(program->path, interpreter, sizeof interpreter) == 0 ||
        stat(interpreter, &st) == 0)
        return 0;
    snprintf(why, sizeof why, "its interpreter %s does not exist", interpreter);
    return cannot_run(program, EXIT_NOT_EXECUTABLE, why,
                      "install it, or correct the first line of the script");
}

static int refuse(const struct program *program) {
    char message[PATH_MAX + 32], remedy[1024];
    snprintf(message, sizeof message, "cannot trace %s", program->argv[0]);
    snprintf(remedy, sizeof remedy, "%s; --allow-untraced runs it without a trace",
             inspect_remedy(program->untraced));
    return message_error(EXIT_MEMTRACE, message, inspect_reason(program->untraced), remedy);
}

int program_find(struct program *program, bool allow_untraced) {
    program->pid = -1;
    program->ended = false;
    int error = inspect_find_in_path(program->argv[0], getenv("PATH"), program->path, sizeof program->path);
    if (error == EACCES)
        return not_executable(program);
    if (error == ENAMETOOLONG)
        return cannot_run(program, EXIT_NOT_EXECUTABLE, strerror(error), "check the path");
    if (error != 0)
        return not_found(program);
    int code = missing_interpreter(program);
    if (code != 0)
        return code;
    program->untraced = inspect_program(program->path);
    if (program->untraced == UNTRACED_NONE)
        return 0;
    if (!allow_untraced)
        return refuse(program);
    message_line("%s runs without a trace: %s", program->argv[0], inspect_reason(program->untraced));
    return 0;
}

/* ---- start ---- */

static _Noreturn void become_program(const struct program *program, char **environment,
                                     const struct caller_signals *caller, const struct pty *pty, int report) {
    pty_become(pty);
    signals_give_back(caller);
    environment_take_over(environment, getppid());
    execvpe(program->argv[0], program->argv, environment);
    int error = errno;
    if (write(report, &error, sizeof error) < 0)
        _exit(EXIT_MEMTRACE);
    _exit(EXIT_NOT_EXECUTABLE);
}

/* Waits until exec has closed the pipe or an error has come through it. */
static int error_of_exec(int fd) {
    int error = 0;
    ssize_t n;
    do
        n = read(fd, &error, sizeof error);
    while (n < 0 && errno == EINTR);
    return n == sizeof error ? error : 0;
}

int program_start(struct program *program, char **environment, const struct caller_signals *caller,
                  const struct pty *pty, int *error) {
    int pipe[2];
    *error = 0;
    if (descriptors_pipe(pipe) != 0 || (program->pid = fork()) < 0) {
        *error = errno;
        return cannot_run(program, EXIT_MEMTRACE, strerror(*error),
                          "raise the limits on processes and open files: ulimit -a");
    }
    if (program->pid == 0)
        become_program(program, environment, caller, pty, pipe[1]);
    close(pipe[1]);
    *error = error_of_exec(pipe[0]);
    close(pipe[0]);
    if (*error == 0)
        return 0;
    while (waitpid(program->pid, &program->status, 0) < 0 && errno == EINTR)
        ;
    return cannot_run(program, *error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE, strerror(*error),
                      "run it without memtrace to see whether it runs at all");
}

/* Of one that stops itself alone, at a key that it reads (^Z in node), the shell would not hear, which knows
 * the launcher only: the launcher stops as well, and both are continued together. Not by SIGSTOP: whoever
 * sends that to the program alone continues it alone. The signal is held meanwhile: ^Z for the whole group
 * stops once. */
void program_reap(struct program *program) {
    sigset_t stop, before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    sigprocmask(SIG_BLOCK, &stop, &before);
    int status;
    while (!program->ended && waitpid(program->pid, &status, WNOHANG | WUNTRACED) == program->pid) {
        if (!WIFSTOPPED(status)) {
            program->status = status;
            program->ended = true;
        } else if (WSTOPSIG(status) == SIGTSTP)
            raise(SIGTSTP);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

int program_exit_code(const struct program *program) {
    return WIFSIGNALED(program->status) ? 128 + WTERMSIG(program->status) : WEXITSTATUS(program->status);
}
