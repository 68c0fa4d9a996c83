/* handed_over.c COUNT — posix_memalign puts each block where another thread waits for it and frees it at once. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static void *slot;
static long count;
static void *free_all(void *unused) {
    for (long freed = 0; freed < count;) {
        void *block = __atomic_exchange_n(&slot, NULL, __ATOMIC_ACQ_REL);
        free(block);
        freed += block != NULL;
    }
    return unused;
}
/* Each stack is a new one, long to walk. */
static __attribute__((noinline)) int allocate_below(int depth) {
    int error = depth ? allocate_below(depth - 1) : posix_memalign(&slot, 64, 100);
    __asm__ volatile("");
    return error;
}
int main(int argc, char **argv) {
    pthread_t other;
    count = argc > 1 ? atol(argv[1]) : 1;
    pthread_create(&other, NULL, free_all, NULL);
    for (long i = 0; i < count; i++) {
        while (__atomic_load_n(&slot, __ATOMIC_ACQUIRE))
            ;
        if (allocate_below(100 + i % 2 * 400))
            return 1;
    }
    pthread_join(other, NULL);
    puts("done");
    return 0;
}
