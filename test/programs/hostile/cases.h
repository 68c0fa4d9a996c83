/* cases.h — of a program of several cases, `PROGRAM CASE COUNT` runs one, and says that it begins and ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void allocate(int n) {
    for (int i = 0; i < n; i++) {
        void *volatile block = malloc(16 + i % 100);
        if (i % 4)
            free(block);
    }
}

struct test_case {
    const char *name;
    void (*run)(int count);
};

#define RUN_CASE(cases, argc, argv) run_case(cases, sizeof(cases) / sizeof *(cases), argc, argv)
static int run_case(const struct test_case *cases, size_t count, int argc, char **argv) {
    for (size_t i = 0; i < count; i++)
        if (argc == 3 && strcmp(cases[i].name, argv[1]) == 0) {
            printf("%s begins\n", argv[1]);
            fflush(stdout);
            cases[i].run(atoi(argv[2]));
            printf("%s ends\n", argv[1]);
            return 7;
        }
    return 2;
}
