// ages — makes blocks now and others later: says its pid when the first are there, goes on at each line that it reads.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *volatile kept, *volatile again, *volatile moved, *volatile small[100];

__attribute__((noinline)) static void say(void) {
    char text[32];
    int bytes = snprintf(text, sizeof text, "%d\n", getpid());
    if (write(1, text, bytes) != bytes || read(0, text, sizeof text) <= 0)
        exit(1);
}

__attribute__((noinline)) static char *make(long bytes) {
    return malloc(bytes); // blocks of two ages
}

int main(void) {
    kept = make(5000);
    again = malloc(6000);
    moved = malloc(4000);
    for (int i = 0; i < 60; i++)
        small[i] = make(40);
    say();
    free(again);
    again = malloc(6000); // where the one before was
    moved = realloc(moved, 7000);
    for (int i = 60; i < 100; i++)
        small[i] = make(40);
    say();
    return 0;
}
