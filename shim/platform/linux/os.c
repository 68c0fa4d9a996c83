/* os.c — platform/os.h for Linux, by bare system calls. */
#define _GNU_SOURCE
#include "shim/platform/os.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "shim/platform/linux/calls.h"
#include "shim/platform/linux/syscall.h"
#include "shim/util.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#define MADV_KEEPONFORK 19
#endif

#define SPINS 10000

static uint32_t silent; /* for how many reasons */

void os_be_silent(void) {
    __atomic_add_fetch(&silent, 1, __ATOMIC_SEQ_CST);
}

void os_end_silence(void) {
    __atomic_sub_fetch(&silent, 1, __ATOMIC_SEQ_CST);
}

bool os_is_silent(void) {
    return load_relaxed(&silent);
}

/* As the system would answer one who may not. */
static long call6(long number, long a, long b, long c, long d, long e, long f) {
    return unlikely(os_is_silent()) ? -EPERM : syscall6(number, a, b, c, d, e, f);
}
static long call4(long number, long a, long b, long c, long d) {
    return call6(number, a, b, c, d, 0, 0);
}
static long call3(long number, long a, long b, long c) {
    return call6(number, a, b, c, 0, 0, 0);
}
static long call1(long number, long a) {
    return call6(number, a, 0, 0, 0, 0, 0);
}

int os_open(const char *path, enum os_open how) {
    int flags = O_CLOEXEC | O_NOFOLLOW;
    flags |= how == OS_READ ? O_RDONLY : how == OS_READ_WRITE ? O_RDWR : O_RDWR | O_CREAT | O_EXCL;
    long fd;
    do
        fd = call4(CALL_openat, AT_FDCWD, (long)path, flags, 0600);
    while (fd == -EINTR);
    if (how == OS_CREATE_NEW && fd >= 0)
        call3(CALL_fchmod, fd, 0600, 0); /* whatever the umask is */
    return (int)fd;
}

void os_close(int fd) {
    call1(CALL_close, fd);
}

static_assert(RLIM_INFINITY == OS_UNLIMITED, "no limit");

static uint64_t limit_on(int resource) {
    struct rlimit limit;
    return call4(CALL_prlimit64, 0, resource, 0, (long)&limit) == 0 ? limit.rlim_cur : OS_UNLIMITED;
}

int os_set_length(int fd, uint64_t bytes) {
    if (limit_on(RLIMIT_FSIZE) < bytes)
        return -EFBIG;
    return (int)call3(CALL_ftruncate, fd, (long)bytes, 0);
}

int os_reserve(int fd, uint64_t offset, uint64_t bytes) {
    long result;
    do
        result = call4(CALL_fallocate, fd, 0, (long)offset, (long)bytes);
    while (result == -EINTR);
    return (int)result;
}

int os_unlink(const char *path) {
    return (int)call3(CALL_unlinkat, AT_FDCWD, (long)path, 0);
}

int64_t os_read(int fd, void *buffer, size_t size) {
    long n;
    do
        n = call3(CALL_read, fd, (long)buffer, (long)size);
    while (n == -EINTR);
    return n;
}

int64_t os_read_file(const char *path, void *buffer, size_t size) {
    long fd = call4(CALL_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    size_t done = 0;
    while (done < size) {
        int64_t n = os_read((int)fd, (char *)buffer + done, size - done);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    os_close((int)fd);
    return (int64_t)done;
}

uint64_t os_inode(const char *path) {
    struct stat status;
    return call4(CALL_newfstatat, AT_FDCWD, (long)path, (long)&status, 0) == 0 ? status.st_ino : 0;
}

int64_t os_read_link(const char *path, char *buffer, size_t size) {
    return call4(CALL_readlinkat, AT_FDCWD, (long)path, (long)buffer, (long)size);
}

static void *map(size_t bytes, int protection, int flags, int fd, uint64_t offset) {
    long address = call6(CALL_mmap, 0, (long)bytes, protection, flags, fd, (long)offset);
    return address < 0 && address > -4096 ? NULL : (void *)address;
}

/* Ours are mostly holes, which a core file has as zeros when a program takes it in from a pipe. */
static void keep_out_of_core_files(void *address, size_t bytes) {
    call3(CALL_madvise, (long)address, (long)bytes, MADV_DONTDUMP);
}

void *os_map_file(int fd, uint64_t offset, size_t bytes, bool writable) {
    void *address = map(bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, offset);
    if (!address)
        return NULL;
    call3(CALL_madvise, (long)address, (long)bytes, MADV_DONTFORK);
    keep_out_of_core_files(address, bytes);
    return address;
}

void os_keep_over_fork(void *address, size_t bytes) {
    call3(CALL_madvise, (long)address, (long)bytes, MADV_DOFORK);
}

void os_drop_on_fork(void *address, size_t bytes) {
    call3(CALL_madvise, (long)address, (long)bytes, MADV_DONTFORK);
}

int os_populate(void *address, size_t bytes) {
    long result;
    do
        result = call3(CALL_madvise, (long)address, (long)bytes, MADV_POPULATE_WRITE);
    while (result == -EINTR);
    return (int)result;
}

void *os_map_private(size_t bytes) {
    void *address = map(bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!address)
        return NULL;
    if (call3(CALL_madvise, (long)address, (long)bytes, MADV_WIPEONFORK) != 0) {
        os_unmap(address, bytes);
        return NULL;
    }
    keep_out_of_core_files(address, bytes);
    return address;
}

void os_copy_on_fork(void *address, size_t bytes) {
    call3(CALL_madvise, (long)address, (long)bytes, MADV_KEEPONFORK);
}

void os_wipe_on_fork(void *address, size_t bytes) {
    call3(CALL_madvise, (long)address, (long)bytes, MADV_WIPEONFORK);
}

/* Where there is no memory for that, what was there must go all the same: it is another process's. */
void os_map_zeros(void *address, size_t bytes) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
    long mapped = call6(CALL_mmap, (long)address, (long)bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (mapped != (long)address)
        os_unmap(address, bytes);
    else
        keep_out_of_core_files(address, bytes);
}

void os_unmap(void *address, size_t bytes) {
    call3(CALL_munmap, (long)address, (long)bytes, 0);
}

void os_discard(void *address, size_t bytes) {
    uintptr_t page = os_page_size(), first = ((uintptr_t)address + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)address + bytes) & ~(page - 1);
    if (end > first)
        call3(CALL_madvise, (long)first, (long)(end - first), MADV_DONTNEED);
}

uint32_t os_pid(void) {
    return (uint32_t)call1(CALL_getpid, 0);
}

uint32_t os_parent_pid(void) {
    return (uint32_t)call1(CALL_getppid, 0);
}

uint32_t os_tid(void) {
    return (uint32_t)call1(CALL_gettid, 0);
}

bool os_thread_lives(uint32_t pid, uint32_t tid) {
    return call3(CALL_tgkill, pid, tid, 0) != -ESRCH;
}

void os_thread_name(char name[16]) {
    call3(CALL_prctl, PR_GET_NAME, (long)name, 0);
}

/* Where the system promises no more memory than it has, what is mapped is taken from all, touched or not, and
 * from then on by each forked child. */
#define PROMISED_MOST (UINT64_C(512) << 20)

static uint64_t limit_on_promises(void) {
    char mode = '0';
    os_read_file("/proc/sys/vm/overcommit_memory", &mode, 1);
    return mode == '2' ? PROMISED_MOST : OS_UNLIMITED;
}

uint64_t os_memory_limit(void) {
    uint64_t addresses = limit_on(RLIMIT_AS), data = limit_on(RLIMIT_DATA), promises = limit_on_promises();
    uint64_t least = addresses < data ? addresses : data;
    return least < promises ? least : promises;
}

uint64_t os_realtime_ns(void) {
    struct timespec now = {0};
    call3(CALL_clock_gettime, CLOCK_REALTIME, (long)&now, 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t os_monotonic_ms(void) {
    struct timespec now = {0};
    call3(CALL_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* What a line of status says, `name` with its colon; 0: it is not there. */
static uint64_t bytes_of(const char *status, const char *name) {
    const char *at = strstr(status, name);
    uint64_t kib = 0;
    at = at ? at + strlen(name) : "";
    while (*at == ' ' || *at == '\t')
        at++;
    for (; *at >= '0' && *at <= '9'; at++)
        kib = kib * 10 + (uint64_t)(*at - '0');
    return kib * 1024;
}

void os_resident(uint64_t *now, uint64_t *peak) {
    /* Not by getrusage: its maximum outlives exec, and would show that of the program that started this one.
     * Not of /proc/self: that is the main thread, and has no memory once that has ended. The lines stand
     * early, but for somebody in hundreds of groups, where they are not known. */
    char status[2048];
    int64_t n = os_read_file("/proc/thread-self/status", status, sizeof status - 1);
    status[n > 0 ? n : 0] = '\0';
    *now = bytes_of(status, "\nVmRSS:");
    *peak = bytes_of(status, "\nVmHWM:");
}

uint64_t os_page_size(void) {
    return 4096;
}

void os_wait(uint32_t *word, uint32_t value, uint32_t ms) {
    for (uint32_t spins = 0; os_is_silent() && spins < SPINS && load_relaxed(word) == value; spins++)
        __asm__ volatile("" ::: "memory");
    struct timespec timeout = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    call4(CALL_futex, (long)word, FUTEX_WAIT, value, (long)&timeout);
}

void os_wake(uint32_t *word) {
    call3(CALL_futex, (long)word, FUTEX_WAKE, 1);
}

#define BIT(signal) (UINT64_C(1) << ((signal)-1))
#define FAULTS      (BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGILL) | BIT(SIGFPE) | BIT(SIGTRAP) | BIT(SIGSYS))
#define NONE_HELD   UINT64_MAX /* never a mask: nobody can block SIGKILL */

uint64_t os_hold_signals(void) {
    uint64_t others = ~FAULTS, before = 0;
    bool held = call4(CALL_rt_sigprocmask, SIG_BLOCK, (long)&others, (long)&before, sizeof others) == 0;
    return held ? before : NONE_HELD;
}

/* Also where silence began meanwhile, in another thread: this one must not stay deaf. */
void os_let_signals(uint64_t before) {
    if (before != NONE_HELD)
        syscall6(CALL_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, sizeof before, 0, 0);
}

/* The kernel copies the new mask in before it looks at `how`: a bad address is EFAULT, a good one EINVAL. */
bool os_readable(uintptr_t address) {
    if (os_is_silent())
        return false;
    return call4(CALL_rt_sigprocmask, ~0L, (long)(address & ~(uintptr_t)7), 0, 8) == -EINVAL;
}
