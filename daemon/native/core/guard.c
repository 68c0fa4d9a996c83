/* guard.c — see guard.h. The handler only calls mmap and sigaction. */
#define _GNU_SOURCE
#include "daemon/native/core/guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static _Thread_local struct {
    uintptr_t base;
    size_t bytes;
    bool missing;
} volatile guard;

static struct sigaction previous;
static uintptr_t page_bytes;

static void on_bus_error(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)context;
    int saved_errno = errno;
    uintptr_t address = (uintptr_t)info->si_addr;
    if (address - guard.base < guard.bytes) {
        void *page = (void *)(address & ~(page_bytes - 1));
        if (mmap(page, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
            page) {
            guard.missing = true;
            errno = saved_errno;
            return;
        }
    }
    sigaction(SIGBUS, &previous, NULL); /* the access is repeated and meets the former handler */
    errno = saved_errno;
}

static void install(void) {
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action = {.sa_sigaction = on_bus_error,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous);
}

void guard_install(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
}

void guard_enter(void *base, size_t bytes) {
    guard.missing = false;
    guard.base = (uintptr_t)base;
    guard.bytes = bytes;
}

bool guard_leave(void) {
    guard.bytes = 0;
    return guard.missing;
}
