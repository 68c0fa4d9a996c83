/* lifecycle.c — start-up, fork and exit of the traced process.
 *
 * fork only leaves a mark in the parent's stream: the child, whose shim memory was wiped by the kernel,
 * attaches by itself at its first call (in the middle of a hook: fork.h). vfork is never wrapped: a wrapper
 * would return into a frame that is gone.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/fork.h"
#include "shim/real.h"
#include "shim/trace.h"

static void at_exit(int status, void *unused) {
    (void)unused;
    process_exit_code(status & 0xff);
}

__attribute__((constructor)) static void start(void) {
    if (real_available() && process_start())
        on_exit(at_exit, NULL);
}

static pid_t fork_by_system_call(void) {
    return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static pid_t fork_by(pid_t (*function)(void), const struct caller *caller) {
    struct forking forking;
    trace_fork(caller);
    fork_begin(&forking, caller);
    pid_t pid = function();
    if (pid != 0) {
        fork_in_parent(&forking);
        process_forget_fork();
        return pid;
    }
    fork_in_child(&forking);
    if (process) /* a child that never allocates is part of the tree all the same */
        process_start();
    return 0;
}

EXPORT pid_t fork(void) {
    return real_available() ? fork_by(real.fork, CALLER()) : fork_by_system_call();
}

/* The one that a signal handler may call. */
EXPORT pid_t _Fork(void) {
    return real_available() && real._Fork ? fork_by(real._Fork, CALLER()) : fork_by_system_call();
}

EXPORT void _exit(int status) {
    process_exit_code(status & 0xff);
    if (real_available() && real._exit)
        real._exit(status);
    for (;;)
        syscall(SYS_exit_group, status);
}

EXPORT void _Exit(int status) {
    _exit(status);
}

EXPORT void quick_exit(int status) {
    process_exit_code(status & 0xff);
    if (real_available() && real.quick_exit)
        real.quick_exit(status);
    _exit(status);
}
