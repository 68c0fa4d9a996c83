/* plain.c — small C program with static functions, a function pointer and inlining. With two arguments it
 * waits. */
#include <stdio.h>
#include <stdlib.h>

static inline void *take(size_t size) {
    void *block = malloc(size);
    if (!block)
        abort();
    return block;
}

static __attribute__((noinline)) char *hidden_helper(int n) {
    char *text = take((size_t)n + 32);
    snprintf(text, (size_t)n + 32, "%d", n);
    return text;
}

__attribute__((noinline)) int visible_step(int n) {
    char *text = hidden_helper(n);
    int length = printf("%s\n", text);
    free(text);
    return length;
}

int main(int argc, char **argv) {
    if (argc == 3)
        getchar();
    int (*step)(int) = argc > 5 ? atoi((const char *)argv[1]) ? visible_step : abs : visible_step;
    return step(argc) > 100;
}
