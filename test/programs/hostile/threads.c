/* threads.c CASE COUNT — threads that come and go, are many at once, or are cancelled, with data of their own. */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>

#include "cases.h"

static pthread_key_t key;
static int generation;
static void key_destructor(void *value) {
    free(value);
    allocate(5);
    if (++generation % 4)
        pthread_setspecific(key, malloc(30)); /* once more */
}
static void *short_thread(void *n) {
    if (!pthread_getspecific(key))
        pthread_setspecific(key, malloc(64));
    allocate((int)(intptr_t)n);
    return malloc(8);
}
static void short_threads(int n) {
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    for (int i = 0; i < n; i++) {
        pthread_t thread;
        void *result;
        pthread_create(&thread, &small, short_thread, (void *)5);
        pthread_join(thread, &result);
        free(result);
    }
}
static pthread_barrier_t barrier;
static void *met_thread(void *n) {
    allocate(50);
    pthread_barrier_wait(&barrier);
    allocate((int)(intptr_t)n);
    return NULL;
}
static void threads_at_once(int n) {
    pthread_t *threads = calloc(n, sizeof *threads);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    pthread_barrier_init(&barrier, NULL, n);
    for (int i = 0; i < n; i++)
        if (pthread_create(&threads[i], &small, met_thread, (void *)50))
            exit(99);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    free(threads);
}
static sem_t begun;
static void *cancelled_thread(void *unused) {
    pthread_setspecific(key, malloc(64));
    sem_post(&begun);
    for (;;) {
        allocate(30);
        pthread_testcancel();
    }
}
static void cancels(int n) {
    sem_init(&begun, 0, 0);
    for (int i = 0; i < n; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, cancelled_thread, NULL);
        sem_wait(&begun);
        pthread_cancel(thread);
        pthread_join(thread, NULL);
    }
}

int main(int argc, char **argv) {
    pthread_key_create(&key, key_destructor);
    static const struct test_case cases[] = {
        {"short-threads", short_threads},
        {"threads-at-once", threads_at_once},
        {"cancels", cancels},
    };
    return RUN_CASE(cases, argc, argv);
}
