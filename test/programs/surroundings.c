/* surroundings.c — prints what a process is given by whoever starts it; or, with --strange, makes that
 * unusual and then becomes the program named behind it.
 *
 *   surroundings                        one line per fact, nothing that differs between two equal starts
 *   surroundings --strange program …    closed stdin, descriptors 3–9, low limit, blocked and ignored signals
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

static void print_descriptors(void) {
    for (int fd = 0; fd < 1024; fd++) {
        struct stat st;
        if (fstat(fd, &st) == 0)
            printf("descriptor %d flags %#x %#x type %#o\n", fd, fcntl(fd, F_GETFD), fcntl(fd, F_GETFL),
                   st.st_mode & S_IFMT);
    }
}

static void print_limits(void) {
    for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
        struct rlimit limit;
        if (getrlimit(resource, &limit) == 0)
            printf("limit %d %lld %lld\n", resource, (long long)limit.rlim_cur, (long long)limit.rlim_max);
    }
}

static void print_signals(void) {
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction action;
        if (sigaction(signal, NULL, &action) == 0)
            printf("signal %d %s %s\n", signal, action.sa_handler == SIG_IGN ? "ignored" : "default",
                   sigismember(&blocked, signal) ? "blocked" : "open");
    }
}

static int become_strange(char **argv) {
    sigset_t blocked;
    for (int fd = 3; fd <= 9; fd++)
        dup2(1, fd);
    close(0);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){200, 300});
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    umask(027);
    nice(1);
    execvp(argv[0], argv);
    perror(argv[0]);
    return 1;
}

int main(int argc, char **argv) {
    char folder[4096];
    if (argc > 2 && strcmp(argv[1], "--strange") == 0)
        return become_strange(argv + 2);
    print_descriptors(); /* before anything opens one */
    print_limits();
    print_signals();
    for (int i = 0; i < argc; i++)
        printf("argument %d %s\n", i, argv[i]);
    for (char **entry = environ; *entry; entry++)
        printf("environment %s\n", *entry);
    errno = 0;
    mode_t mask = umask(0);
    printf("group %d session %d terminal %d umask %#o nice %d folder %s\n", getpgrp(), getsid(0),
           open("/dev/tty", O_RDONLY) >= 0, mask, getpriority(PRIO_PROCESS, 0),
           getcwd(folder, sizeof folder));
    return 0;
}
