/* ends.c CASE COUNT — what allocates before main and after it, and the ways in which a process ends. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cases.h"

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
static void on_segv(int signal) {
    allocate(21); /* nothing was under way */
    _exit(9);
}
static void end_handled_segv(int n) {
    signal(SIGSEGV, on_segv);
    allocate(n);
    *(volatile int *)16 = 1;
}

/* ---- main ends before the others do ---- */

static void wait_until_alone(void) {
    char status[512] = "";
    while (!strstr(status, "State:\tZ")) {
        int fd = open("/proc/self/status", O_RDONLY);
        status[fd < 0 ? 0 : read(fd, status, sizeof status - 1)] = 0;
        close(fd);
    }
}
static void *outlive(void *n) {
    wait_until_alone();
    allocate((int)(intptr_t)n);
    return NULL;
}
static void *outlive_until_told(void *n) {
    outlive(n);
    puts("alone");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    exit(7);
}
static void leave_behind(void *(*other)(void *), int n) {
    pthread_t thread;
    pthread_create(&thread, NULL, other, (void *)(intptr_t)n);
    pthread_detach(thread);
    pthread_exit(NULL);
}
static void end_thread_exit(int n) {
    leave_behind(outlive, n);
}
static void main_is_gone(int n) {
    leave_behind(outlive_until_told, n);
}

int main(int argc, char **argv) {
    static const struct test_case cases[] = {
        {"all-stages", all_stages},
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
    };
    return RUN_CASE(cases, argc, argv);
}
