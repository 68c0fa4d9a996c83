/* os.h — what the shim needs of the operating system, and nothing else.
 *
 * Every function may be called from any thread, inside a signal handler, inside malloc, before main and after
 * exit. None allocates, locks, touches errno or is a cancellation point: they are bare system calls.
 * Results are >= 0, or a negated errno. The implementation is chosen by the build: platform/linux/os.c.
 */
#ifndef MEMTRACE_SHIM_OS_H
#define MEMTRACE_SHIM_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum os_open { OS_READ, OS_READ_WRITE, OS_CREATE_NEW /* read-write, mode 0600, must not exist */ };

/* From now on nothing is asked of the system, which would kill the program for it (seccomp): every call below
 * fails, and waiting is done by looking again. Also in forked children, until exec. */
void os_be_silent(void);
/* Undoes that: there was no reason for it. What others were silent for goes on. */
void os_end_silence(void);
bool os_is_silent(void);

int os_open(const char *path, enum os_open how);
void os_close(int fd);
/* Sets the length of a file without allocating its pages. Refuses beyond RLIMIT_FSIZE, which would be a
 * signal. */
int os_set_length(int fd, uint64_t bytes);
/* Allocates the pages of a range of a file, so that touching them can no longer fail. */
int os_reserve(int fd, uint64_t offset, uint64_t bytes);
int os_unlink(const char *path);
int64_t os_read(int fd, void *buffer, size_t size);
/* Reads up to `size` bytes from the start of a file that may be in /proc. */
int64_t os_read_file(const char *path, void *buffer, size_t size);
/* The number of the file at `path`, 0: none. */
uint64_t os_inode(const char *path);
int64_t os_read_link(const char *path, char *buffer, size_t size);

/* Maps a file; in a forked child the range does not exist, core dumps leave it out. NULL on failure. */
void *os_map_file(int fd, uint64_t offset, size_t bytes, bool writable);
/* Lets a range of os_map_file exist in forked children after all, and undoes that. */
void os_keep_over_fork(void *address, size_t bytes);
void os_drop_on_fork(void *address, size_t bytes);
/* As os_reserve, for a mapped range, without a descriptor. Linux 5.14. */
int os_populate(void *address, size_t bytes);
/* Private zero pages which are zero again in a forked child: the means by which a fork is noticed. */
void *os_map_private(size_t bytes);
/* Lets a forked child have a copy of such pages after all, and undoes that. */
void os_copy_on_fork(void *address, size_t bytes);
void os_wipe_on_fork(void *address, size_t bytes);
/* Puts private zero pages in the place of a range that is mapped. */
void os_map_zeros(void *address, size_t bytes);
void os_unmap(void *address, size_t bytes);
/* Gives the whole pages of a private range back; they read as zero from then on. */
void os_discard(void *address, size_t bytes);

uint32_t os_pid(void);
uint32_t os_parent_pid(void);
uint32_t os_tid(void);
bool os_thread_lives(uint32_t pid, uint32_t tid);
void os_thread_name(char name[16]);
/* The least of what this process may have of addresses and of private memory, in bytes; less where the system
 * does not overcommit. */
#define OS_UNLIMITED UINT64_MAX
uint64_t os_memory_limit(void);
uint64_t os_realtime_ns(void);
/* Of a clock that does not jump; 0 when nothing may be asked. */
uint64_t os_monotonic_ms(void);
/* Resident memory of this process in bytes, now and at most; 0: not known. */
void os_resident(uint64_t *now, uint64_t *peak);
uint64_t os_page_size(void);

/* Sleeps while *word == value, at most `ms`; may wake early. The word may be shared between processes. */
void os_wait(uint32_t *word, uint32_t value, uint32_t ms);
void os_wake(uint32_t *word);

/* Keeps signal handlers from the calling thread, but for those of faults; returns what os_let_signals takes
 * to undo it. */
uint64_t os_hold_signals(void);
void os_let_signals(uint64_t before);

/* Can the page that holds `address` be read? */
bool os_readable(uintptr_t address);

/* Is the calling thread the only one of this process? Never wrongly true; false where it is not known. */
extern char __libc_single_threaded __attribute__((weak));
static inline bool os_is_single_threaded(void) {
    return &__libc_single_threaded && __libc_single_threaded;
}

#endif
