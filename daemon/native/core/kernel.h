/* kernel.h — what the kernel says of processes, in /proc: never what they say of themselves. Any thread. */
#ifndef MEMTRACE_CORE_KERNEL_H
#define MEMTRACE_CORE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

/* As /proc/PID/stat has it. */
struct kernel_state {
    bool known; /* false: it could not be read */
    char state; /* as ps shows it; 0: there is no such process */
    uint32_t parent_pid;
    uint64_t start_ticks;
};
struct kernel_state kernel_state_of(uint32_t pid);

/* Is it, of all that had its pid, what wrote `ticks` as its start, 0: not known? A later one started later.
 * Earlier it may have: qemu-user tells a program when it was itself ready. */
static inline bool kernel_started_by(const struct kernel_state *now, uint64_t ticks) {
    return !ticks || now->start_ticks <= ticks;
}

/* Which of the processes here is the one that has this pid in that namespace? 0: none. `ticks`: when it
 * started, 0: not known. */
uint32_t kernel_find_pid(uint32_t pid, uint64_t namespace, uint64_t ticks);

/* The path of what it runs now, to be freed; NULL where it cannot be told. */
char *kernel_executable(uint32_t pid);

#endif
