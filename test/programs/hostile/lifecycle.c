/* lifecycle.c CASE COUNT — beginnings and ends of processes and threads, allocating in all of them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void allocate(int n) {
    for (int i = 0; i < n; i++) {
        void *volatile block = malloc(16 + i % 100);
        if (i % 4)
            free(block);
    }
}

/* ---- before main and after it ---- */

__attribute__((constructor(101))) static void very_early(void) {
    allocate(11);
}
__attribute__((destructor(101))) static void very_late(void) {
    allocate(13);
}
static void at_exit(void) {
    allocate(17);
    if (getenv("AGAIN"))
        atexit(very_late);
}
static void on_quick_exit(void) {
    allocate(19);
}
static pthread_key_t key;
static int generation;
static void key_destructor(void *value) {
    free(value);
    allocate(5);
    if (++generation % 4)
        pthread_setspecific(key, malloc(30)); /* once more */
}
static void all_stages(int n) {
    atexit(at_exit);
    setenv("AGAIN", "1", 1);
    allocate(n);
}

/* ---- ends ---- */

static void end_exit(int n) {
    allocate(n);
    exit(3);
}
static void end__exit(int n) {
    allocate(n);
    _exit(4);
}
static void end_syscall(int n) {
    allocate(n);
    syscall(SYS_exit_group, 6);
}
static void end_quick_exit(int n) {
    at_quick_exit(on_quick_exit);
    allocate(n);
    quick_exit(5);
}
static void end_abort(int n) {
    allocate(n);
    abort();
}
static void end_segv(int n) {
    allocate(n);
    *(volatile int *)16 = 1;
}
static void end_kill(int n) {
    allocate(n);
    kill(getpid(), SIGKILL);
}
static void end_thread_exit(int n) { /* main ends before the others do */
    void *other(void *unused) {
        usleep(20000);
        allocate(n);
        return NULL;
    }
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    pthread_detach(thread);
    pthread_exit(NULL);
}
static void main_is_gone(int n) { /* and another thread waits for the end of stdin */
    void *other(void *unused) {
        char status[512] = "";
        while (!strstr(status, "State:\tZ")) {
            int fd = open("/proc/self/status", O_RDONLY);
            status[fd < 0 ? 0 : read(fd, status, sizeof status - 1)] = 0;
            close(fd);
        }
        allocate(n);
        puts("alone");
        fflush(stdout);
        while (getchar() != EOF)
            ;
        exit(7);
    }
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    pthread_exit(NULL);
}
static void on_segv(int signal) {
    allocate(21); /* nothing was under way */
    _exit(9);
}
static void end_handled_segv(int n) {
    signal(SIGSEGV, on_segv);
    allocate(n);
    *(volatile int *)16 = 1;
}

/* ---- children ---- */

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

/* ---- threads ---- */

static void *short_thread(void *n) {
    if (!pthread_getspecific(key))
        pthread_setspecific(key, malloc(64));
    allocate((int)(intptr_t)n);
    return malloc(8);
}
static void short_threads(int n) {
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    for (int i = 0; i < n; i++) {
        pthread_t thread;
        void *result;
        pthread_create(&thread, &small, short_thread, (void *)5);
        pthread_join(thread, &result);
        free(result);
    }
}
static pthread_barrier_t barrier;
static void *met_thread(void *n) {
    allocate(50);
    pthread_barrier_wait(&barrier);
    allocate((int)(intptr_t)n);
    return NULL;
}
static void threads_at_once(int n) {
    pthread_t *threads = calloc(n, sizeof *threads);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    pthread_barrier_init(&barrier, NULL, n);
    for (int i = 0; i < n; i++)
        if (pthread_create(&threads[i], &small, met_thread, (void *)50))
            exit(99);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    free(threads);
}
static void *cancelled_thread(void *unused) {
    pthread_setspecific(key, malloc(64));
    for (;;) {
        allocate(30);
        pthread_testcancel();
    }
}
static void cancels(int n) {
    for (int i = 0; i < n; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, cancelled_thread, NULL);
        usleep(200);
        pthread_cancel(thread);
        pthread_join(thread, NULL);
    }
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

static struct {
    const char *name;
    void (*run)(int);
} const cases[] = {{"all-stages", all_stages},
                   {"exit", end_exit},
                   {"_exit", end__exit},
                   {"syscall", end_syscall},
                   {"quick_exit", end_quick_exit},
                   {"abort", end_abort},
                   {"segv", end_segv},
                   {"handled-segv", end_handled_segv},
                   {"kill", end_kill},
                   {"thread-exit", end_thread_exit},
                   {"main-is-gone", main_is_gone},
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
                   {"short-threads", short_threads},
                   {"threads-at-once", threads_at_once},
                   {"cancels", cancels},
                   {"generations", generations}};

int main(int argc, char **argv) {
    pthread_key_create(&key, key_destructor);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (argc == 3 && strcmp(cases[i].name, argv[1]) == 0) {
            printf("%s begins\n", argv[1]);
            fflush(stdout);
            cases[i].run(atoi(argv[2]));
            printf("%s ends\n", argv[1]);
            return 7;
        }
    return 2;
}
