/* worlds.c CASE COUNT — places and limits in which a program allocates: sandboxes, jails, no descriptors left. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *text) {
    (void)!write(1, text, strlen(text));
}
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
static void *in_thread(void *count) {
    allocate(*(int *)count);
    return NULL;
}
static void new_thread(int n) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, in_thread, &n) == 0)
        pthread_join(thread, NULL);
    else
        say("no thread\n");
}

static void strict(int n) { /* read, write, exit and sigreturn only */
    malloc(100000);
    allocate(n);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    allocate(n);
    deep(100);
    say("alive\n");
    syscall(SYS_exit, 3);
}

#define ALLOW(name)                                                                                          \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
static void filter(int n, int by_system_call) { /* what malloc and printing need; death for all else */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(read), ALLOW(write), ALLOW(exit_group), ALLOW(brk), ALLOW(mmap), ALLOW(munmap),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (by_system_call)
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
    else
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    allocate(n);
    deep(100);
    say("alive\n");
    exit(3);
}
static void filter_by_prctl(int n) {
    allocate(n);
    filter(n, 0);
}
static void filter_by_system_call(int n) {
    allocate(n);
    filter(n, 1);
}
static void jail(int n) {
    char folder[] = "/tmp/mt-jail-XXXXXX";
    mkdtemp(folder);
    allocate(n);
    int above = open("/tmp", O_RDONLY | O_DIRECTORY);
    int status = chroot(folder);
    unlinkat(above, folder + strlen("/tmp/"), AT_REMOVEDIR);
    close(above);
    say(status == 0 ? "in jail\n" : "no right\n");
    usleep(300000); /* so that it is looked at */
    allocate(n);
    new_thread(n);
    if (fork() == 0) {
        allocate(n);
        exit(1);
    }
    wait(NULL);
}
static void close_all(int n) {
    allocate(n);
    say("closing\n");
    for (int fd = 0; fd < 4096; fd++)
        close(fd);
    allocate(n);
    new_thread(n);
    _exit(open("/dev/null", O_RDONLY) == 0 ? 3 : 4); /* the lowest is free, as it must be */
}
static void all_descriptors(int n) {
    struct rlimit limit = {200, 200};
    allocate(1);
    setrlimit(RLIMIT_NOFILE, &limit);
    int last = 0;
    for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0;)
        last = fd;
    printf("up to %d, errno %d\n", last, errno);
    fflush(stdout);
    allocate(n);
    new_thread(n);
    deep(200);
}
static void file_size(int n) {
    struct rlimit limit = {4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    allocate(n);
    new_thread(n);
    deep(500);
    if (fork() == 0) {
        allocate(n);
        exit(1);
    }
    int status;
    wait(&status);
    printf("%x\n", status);
}
static void drop_privileges(int n) {
    allocate(n);
    if (setgid(65534) || setuid(65534))
        say("not root\n");
    allocate(n);
    new_thread(n);
    if (fork() == 0) {
        allocate(n);
        execl("/bin/sh", "sh", "-c", "echo from the child", (char *)NULL);
    }
    wait(NULL);
}
static __attribute__((noinline)) void by_many_ways(unsigned way, int steps) { /* a stack for each way */
    if (steps == 0) {
        allocate(1);
    } else if (way & 1) {
        by_many_ways(way >> 1, steps - 1);
        __asm__ volatile("nop");
    } else {
        by_many_ways(way >> 1, steps - 1);
        __asm__ volatile("");
    }
}
/* What records many stacks and threads has to come from somewhere: not by a descriptor, which a thread that
 * closes all might close. */
static void watched(int n) {
    const char *begin = getenv("LD_PRELOAD"), *end = begin ? strstr(begin, "/libmemtrace.so") : NULL;
    for (const char *at = begin; end && at < end; at++)
        if (*at == ':')
            begin = at + 1;
    char folder[4096];
    snprintf(folder, sizeof folder, "%.*s", end ? (int)(end - begin) : 1, end ? begin : "/");
    allocate(1);
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), opened = 0;
    inotify_add_watch(watch, folder, IN_OPEN | IN_CLOSE); /* the same twice running counts once */
    for (int i = 0; i < n; i++)
        by_many_ways(i * 2654435761u, 24);
    new_thread(n);
    char events[65536];
    for (ssize_t got; (got = read(watch, events, sizeof events)) > 0;)
        for (ssize_t at = 0; at < got;) {
            struct inotify_event *event = (void *)(events + at);
            opened += event->mask & IN_OPEN && strncmp(event->name, "segment", strlen("segment")) == 0;
            at += sizeof *event + event->len;
        }
    say(opened <= 1 ? "opened by the reader alone\n" : "opened again and again\n");
}
static void hog(int n) { /* until somebody ends it */
    say("eating\n");
    for (;;) {
        char *volatile block = malloc(n);
        memset(block, 1, n);
    }
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(int);
    } cases[] = {{"strict", strict},
                 {"filter", filter_by_prctl},
                 {"filter-by-system-call", filter_by_system_call},
                 {"jail", jail},
                 {"close-all", close_all},
                 {"all-descriptors", all_descriptors},
                 {"file-size", file_size},
                 {"drop-privileges", drop_privileges},
                 {"hog", hog},
                 {"watched", watched},
                 {"plain", allocate}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (strcmp(cases[i].name, argv[1]) == 0)
            cases[i].run(atoi(argv[2]));
    puts("end");
    return 5;
}
