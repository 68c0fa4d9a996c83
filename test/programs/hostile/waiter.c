/* waiter.c CASE COUNT — allocates when it is told to by a line on stdin, and says when it is done.
 *   storm      COUNT blocks in each of three threads
 *   scribble   writes over all that it shares with memtrace, then storms
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int count;
static void *storm(void *unused) {
    for (int i = 0; i < count; i++) {
        void *volatile block = malloc(16 + i % 100);
        free(block);
    }
    return unused;
}
static void in_threads(void) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, storm, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}
static void fill(const char *what) { /* writable shared mappings whose name holds it */
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[1000], ranges[64][100];
    int n = 0;
    while (fgets(line, sizeof line, maps))
        if (strstr(line, what) && strstr(line, "rw-s") && n < 64)
            strncpy(ranges[n++], line, 99);
    fclose(maps);
    for (int i = 0; i < n; i++) {
        unsigned long from, to;
        sscanf(ranges[i], "%lx-%lx", &from, &to);
        if (to - from > 1 << 16) /* header and rings' control lines lie at the beginning; beyond may be a hole */
            to = from + 4096;
        for (uint64_t *at = (uint64_t *)from; at < (uint64_t *)to; at++)
            *at = (uint64_t)rand() << 32 | (uint64_t)rand();
    }
}

int main(int argc, char **argv) {
    char line[100];
    count = atoi(argv[2]);
    storm(NULL);
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        if (strcmp(argv[1], "scribble") == 0) {
            if (fork() == 0) { /* a process that behaves */
                storm(NULL);
                _exit(0);
            }
            wait(NULL);
            fill("segment");
        }
        in_threads();
        puts("done");
        fflush(stdout);
    }
    return 6;
}
