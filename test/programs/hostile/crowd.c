/* crowd.c THREADS COUNT — threads that all allocate at once, and stay until stdin ends. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static pthread_barrier_t all;
static long count;
static void *work(void *unused) {
    pthread_barrier_wait(&all);
    for (long i = 0; i < count; i++)
        free(malloc(50));
    pthread_barrier_wait(&all);
    pthread_barrier_wait(&all);
    return unused;
}
int main(int argc, char **argv) {
    int n = atoi(argv[1]);
    count = atol(argv[2]);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    pthread_barrier_init(&all, NULL, n + 1);
    pthread_t threads[n];
    for (int i = 0; i < n; i++)
        if (pthread_create(&threads[i], &attributes, work, NULL) != 0)
            return 1;
    pthread_barrier_wait(&all);
    pthread_barrier_wait(&all);
    puts("done");
    fflush(stdout);
    getchar();
    pthread_barrier_wait(&all);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    return 3;
}
