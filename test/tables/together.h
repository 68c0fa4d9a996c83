/* together.h — threads that begin at the same time, and an end that says what was wrong. */
#ifndef MEMTRACE_TEST_TABLES_TOGETHER_H
#define MEMTRACE_TEST_TABLES_TOGETHER_H

#include <stdint.h>

#define THREADS_MOST 64

/* What the command line says: SEED THREADS and how much each thread does. */
struct plan {
    uint64_t seed;
    uint32_t threads;
    uint32_t steps;
};
/* Ends the program where it says something else. */
struct plan plan_of(int count, char **args);

/* Calls work(0) … work(threads - 1), each on a thread of its own, and waits for all. */
void together(uint32_t threads, void (*work)(uint32_t thread));

/* Ends the program with what was wrong. */
__attribute__((noreturn, format(printf, 1, 2))) void wrong(const char *format, ...);

/* The next of a sequence of random numbers; `state` is not 0. */
uint64_t next_random(uint64_t *state);

#endif
