/* children.c CASE COUNT — the ways to have children, which allocate, as their parents do. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"

static int wait_for(pid_t pid) {
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static volatile int stop_busy;
static void *busy(void *unused) {
    while (!stop_busy)
        allocate(20);
    return NULL;
}
static void fork_among_threads(int n) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, busy, NULL);
    int sum = 0;
    for (int i = 0; i < n; i++) {
        void *inherited = malloc(1000);
        pid_t pid = fork();
        if (pid == 0) {
            free(inherited);
            allocate(100);
            exit(i % 7);
        }
        sum += wait_for(pid);
        free(inherited);
    }
    stop_busy = 1;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    printf("exit codes sum to %d\n", sum);
}
static void *fork_often(void *n) {
    for (int i = 0; i < *(int *)n; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            free(malloc(10));
            _exit(0);
        }
        wait_for(pid);
    }
    return NULL;
}
static void forks_at_once(int n) {
    pthread_t threads[4];
    allocate(100);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, fork_often, &n);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}
static void raw_fork(int n) {
    for (int i = 0; i < n; i++) {
        allocate(50);
        fflush(stdout);
        pid_t pid = (pid_t)(i % 2 ? syscall(SYS_fork) : syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
        if (pid == 0) {
            allocate(200);
            _exit(i % 5);
        }
        printf("%d\n", wait_for(pid));
    }
}
static void *alternate(void *n) {
    for (int i = 0; i < *(int *)n; i++)
        free(malloc((size_t)i % 100 + 1));
    return NULL;
}
static void vfork_exec(int n) {
    for (int i = 0; i < n; i++) {
        allocate(50);
        pid_t pid = vfork();
        if (pid == 0) {
            execl("/bin/sh", "sh", "-c", "exit 3", (char *)NULL);
            _exit(127);
        }
        printf("%d\n", wait_for(pid));
    }
}
/* What the first thread does first is done by its vfork child; the second begins when that has ended. */
static void *vfork_first(void *n) {
    pid_t pid = vfork();
    if (pid == 0) {
        free(malloc(10));
        _exit(0);
    }
    wait_for(pid);
    pthread_t second;
    pthread_create(&second, NULL, alternate, n);
    alternate(n);
    pthread_join(second, NULL);
    return NULL;
}
static void vfork_then_threads(int n) {
    pthread_t first;
    pthread_create(&first, NULL, vfork_first, &n);
    pthread_join(first, NULL);
}
static void report_crash(int signal) {
    pid_t pid = fork();
    if (pid == 0) {
        execlp("sh", "sh", "-c", "exit 3", (char *)NULL);
        _exit(127);
    }
    int status;
    waitpid(pid, &status, 0);
    _exit(WEXITSTATUS(status) + signal);
}
/* As a crash reporter does, on a stack of the size that SIGSTKSZ was for long. */
static void crash_reporter(int size) {
    char *memory = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(memory, 1 << 15, PROT_NONE);
    sigaltstack(&(stack_t){.ss_sp = memory + (1 << 15), .ss_size = size}, NULL);
    sigaction(SIGABRT, &(struct sigaction){.sa_handler = report_crash, .sa_flags = SA_ONSTACK}, NULL);
    abort();
}
extern char **environ;
static void spawns(int n) {
    char *empty[] = {NULL}, *argv[] = {"sh", "-c", "exit 4", NULL};
    for (int i = 0; i < n; i++) {
        pid_t pid;
        allocate(50);
        posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, i % 2 ? empty : environ);
        printf("%d ", wait_for(pid));
        posix_spawnp(&pid, "sh", NULL, NULL, argv, environ);
        printf("%d ", wait_for(pid));
        fflush(stdout);
        printf("%d ", system("exit 5"));
        FILE *pipe = popen("echo from a pipe", "r");
        char line[100] = "";
        fgets(line, sizeof line, pipe);
        printf("%d %s", pclose(pipe), line);
    }
}
static void daemonize(int n) { /* double fork; the pipe's end says that the grandchild is gone */
    int done[2];
    pipe(done);
    allocate(n);
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            allocate(n);
            write(done[1], "x", 1);
            exit(0);
        }
        _exit(0);
    }
    wait(NULL);
    close(done[1]);
    char c[8];
    printf("%zd ", read(done[0], c, 8));
    printf("%zd\n", read(done[0], c, 8));
}
static void short_processes(int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            allocate(10);
            _exit(i % 3);
        }
        sum += wait_for(pid);
    }
    printf("sum %d\n", sum);
}
static void cleared_environment(int n) {
    allocate(n);
    char *argv[] = {"sh", "-c", "echo \"[$HOME]\"; /bin/true; echo end", NULL}, *empty[] = {NULL};
    execve("/bin/sh", argv, empty);
}

static long mapped_kib(void) {
    char text[64] = "";
    FILE *statm = fopen("/proc/self/statm", "r");
    (void)!fgets(text, sizeof text, statm);
    fclose(statm);
    return strtol(text, NULL, 10) * (sysconf(_SC_PAGESIZE) / 1024);
}
static void generations(int n) { /* each the child of the one before */
    allocate(100);
    long first = mapped_kib();
    for (int i = 0; i < n; i++) {
        int status;
        pid_t child = fork();
        if (child != 0) {
            waitpid(child, &status, 0);
            _exit(WEXITSTATUS(status));
        }
        allocate(100);
    }
    printf("%s\n", mapped_kib() - first < 1024 ? "as large as the first" : "larger and larger");
}

int main(int argc, char **argv) {
    static const struct test_case cases[] = {
        {"fork-among-threads", fork_among_threads},
        {"forks-at-once", forks_at_once},
        {"raw-fork", raw_fork},
        {"vfork", vfork_exec},
        {"vfork-first", vfork_then_threads},
        {"crash-reporter", crash_reporter},
        {"spawns", spawns},
        {"daemonize", daemonize},
        {"short-processes", short_processes},
        {"cleared-environment", cleared_environment},
        {"generations", generations},
    };
    return RUN_CASE(cases, argc, argv);
}
