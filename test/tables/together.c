/* together.c — rules: together.h. */
#include "test/tables/together.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_barrier_t begin;
static void (*to_do)(uint32_t thread);

static void *run(void *number) {
    pthread_barrier_wait(&begin);
    to_do((uint32_t)(uintptr_t)number);
    return NULL;
}

struct plan plan_of(int count, char **args) {
    if (count != 4)
        wrong("usage: %s SEED THREADS STEPS", args[0]);
    struct plan plan = {strtoul(args[1], NULL, 10), (uint32_t)atoi(args[2]), (uint32_t)atoi(args[3])};
    if (plan.threads < 1 || plan.threads > THREADS_MOST)
        wrong("%u threads: 1 to %d can be had", plan.threads, THREADS_MOST);
    return plan;
}

void together(uint32_t threads, void (*work)(uint32_t thread)) {
    pthread_t thread[THREADS_MOST];
    to_do = work;
    pthread_barrier_init(&begin, NULL, threads);
    for (uint32_t i = 0; i < threads; i++)
        if (pthread_create(&thread[i], NULL, run, (void *)(uintptr_t)i))
            wrong("no thread");
    for (uint32_t i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
}

void wrong(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

uint64_t next_random(uint64_t *state) { /* xorshift64*, Vigna 2016 */
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}
