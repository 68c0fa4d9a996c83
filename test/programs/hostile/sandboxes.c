/* sandboxes.c CASE — programs that put themselves under a seccomp filter, and go on with threads and
 * children. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS_MAX 335 /* later ones are nothing that a library needs */

static void allocate(int n) {
    for (int i = 0; i < n; i++) {
        void *volatile block = malloc(16 + i % 100);
        free(block);
    }
}
static __attribute__((noinline)) int deep(int depth) {
    char frame[2000];
    memset(frame, depth, sizeof frame);
    allocate(1);
    return (depth > 0 ? deep(depth - 1) : 0) + frame[depth % 2000];
}
static void *in_thread(void *unused) {
    allocate(1000);
    return unused;
}
static void work(void) {
    allocate(1000);
    deep(100);
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
    if (fork() == 0) {
        allocate(100);
        _exit(3);
    }
    int status;
    wait(&status);
    printf("child %x\n", status);
    fflush(stdout);
}

static void install(struct sock_filter *code, size_t count) {
    struct sock_fprog program = {count, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        perror("prctl");
}
static void forbid(int call, unsigned verdict) {
    struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
                                 BPF_STMT(BPF_RET | BPF_K, verdict),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    install(code, sizeof code / sizeof *code);
}
/* A call with any of these bits in that argument. */
static void forbid_argument(int call, int argument, unsigned bits, unsigned verdict) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * argument),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, verdict),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    install(code, sizeof code / sizeof *code);
}

static void no_writing(void) { /* as judges of programming contests do */
    forbid_argument(SYS_openat, 2, O_WRONLY | O_RDWR, SECCOMP_RET_KILL_PROCESS);
    work();
}
static void no_sharing(void) {
    forbid_argument(SYS_mmap, 3, MAP_SHARED, SECCOMP_RET_KILL_PROCESS);
    work();
}
static void no_new_code(void) { /* as MemoryDenyWriteExecute of systemd */
    forbid_argument(SYS_mmap, 2, PROT_EXEC, SECCOMP_RET_ERRNO | EPERM);
    work();
}
static void asks(void) { /* as libseccomp does to know what there is */
    printf("%d %d\n", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL), errno);
    printf("%ld %d\n", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL), errno);
    work();
}
/* Filters that would be fatal, and that the system refuses: the program goes on without one. */
static void try_filter(const void *filter) {
    printf("%d %d\n", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter), errno);
    printf("%ld %d\n", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter), errno);
}
static struct sock_filter fatal[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
static void refused(void) {
    struct sock_filter wrong[] = {{.code = 0xffff}, fatal[0]};
    void *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    try_filter(&(struct sock_fprog){0, fatal});
    try_filter(&(struct sock_fprog){2, wrong});
    try_filter(&(struct sock_fprog){2, nowhere});
    try_filter(nowhere);
    work();
}
static int other_way[2];
static void *under_a_filter_of_its_own(void *unused) {
    forbid(SYS_pivot_root, SECCOMP_RET_ERRNO | EPERM);
    write(other_way[1], "x", 1);
    pause();
    return unused;
}
static void refused_by_thread(void) {
    char byte;
    pthread_t thread;
    pipe(other_way);
    pthread_create(&thread, NULL, under_a_filter_of_its_own, NULL);
    read(other_way[0], &byte, 1);
    struct sock_fprog program = {1, fatal};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    printf("%d\n", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) > 0);
    work();
}
static void ended(const char *how, int status) {
    printf("%s %x\n", how, status);
    fflush(stdout);
}
#define COMMAND "echo shell, other preloads: $LD_PRELOAD"
static char *command[] = {"sh", "-c", COMMAND, NULL};
static void start_programs(void) {
    forbid(SYS_ftruncate, SECCOMP_RET_KILL_PROCESS);
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(execvp(command[0], command));
    waitpid(pid, &status, 0);
    ended("exec", status);
    pid = vfork();
    if (pid == 0)
        _exit(execv("/bin/sh", command));
    waitpid(pid, &status, 0);
    ended("vfork", status);
    if (posix_spawnp(&pid, command[0], NULL, NULL, command, environ) == 0)
        waitpid(pid, &status, 0);
    ended("spawn", status);
    ended("system", system(COMMAND));
    FILE *pipe = popen(COMMAND, "r");
    char line[1000] = "";
    fgets(line, sizeof line, pipe);
    fputs(line, stdout);
    ended("popen", pclose(pipe));
    execv("/bin/sh", command);
}
static void every_call(void) {
    for (int call = 0; call < CALLS_MAX; call++) {
        fflush(stdout);
        if (call == SYS_futex) /* a join needs it, when the thread still runs */
            continue;
        if (fork() == 0) {
            forbid(call, SECCOMP_RET_KILL_PROCESS);
            work();
            execlp("true", "true", NULL);
            _exit(4);
        }
        int status;
        wait(&status);
        printf("%d: %x\n", call, status);
    }
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {{"no-writing", no_writing},
                 {"no-sharing", no_sharing},
                 {"no-new-code", no_new_code},
                 {"asks", asks},
                 {"refused", refused},
                 {"refused-by-thread", refused_by_thread},

                 {"start-programs", start_programs},
                 {"every-call", every_call}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (strcmp(cases[i].name, argv[1]) == 0) {
            allocate(1);
            cases[i].run();
        }
    puts("end");
    return 5;
}
