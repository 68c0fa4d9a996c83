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

void together(uint32_t threads, void (*work)(uint32_t thread)) {
    pthread_t thread[THREADS_MOST];
    if (threads > THREADS_MOST)
        wrong("%u threads are more than %d", threads, THREADS_MOST);
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
