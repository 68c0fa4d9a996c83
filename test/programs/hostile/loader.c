/* loader.c CASE COUNT [library …] — libraries that come and go while they allocate. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void *function(void);

static int (*close_library)(void *) = dlclose;

/* Libraries loaded one after the other, mostly at the same address; their blocks outlive them. */
static void in_turn(int n, char **libraries) {
    int same = 0;
    void *last = NULL;
    for (int i = 0; i < n; i++)
        for (char **each = libraries; *each; each++) {
            void *handle = dlopen(*each, RTLD_NOW);
            function *call = (function *)dlsym(handle, "call");
            same += (void *)call == last;
            last = (void *)call;
            void *volatile kept = call();
            if (i % 2)
                free(kept);
            close_library(handle);
        }
    fprintf(stderr, "%s\n", same > 0 ? "addresses were used again" : "no address was used again");
}
/* As the C library unloads what it loaded for itself: past whoever stands in front of dlclose. */
static void in_secret(int n, char **libraries) {
    close_library = (int (*)(void *))dlsym(dlopen("libc.so.6", RTLD_NOW), "dlclose");
    in_turn(n, libraries);
}
static void deep_bind(int n, char **libraries) {
    void *handle = dlopen(libraries[0], RTLD_NOW | RTLD_DEEPBIND);
    function *call = (function *)dlsym(handle, "call");
    for (int i = 0; i < n; i++)
        free(call());
    dlclose(handle);
}
/* Another copy of libc allocates for itself; only what this one does can be seen. */
static void other_namespace(int n, char **libraries) {
    for (int i = 0; i < n; i++) {
        void *handle = dlmopen(LM_ID_NEWLM, libraries[0], RTLD_NOW);
        if (!handle) {
            printf("%s\n", dlerror());
            exit(1);
        }
        function *call = (function *)dlsym(handle, "call");
        for (int k = 0; k < 100; k++) {
            void *volatile theirs = call();
            void *volatile ours = malloc(77);
            free(ours);
        }
        dlclose(handle);
    }
}
static void replace_binary(int n, char **unused) {
    char own[4096] = "";
    readlink("/proc/self/exe", own, sizeof own - 1);
    unlink(own);
    FILE *other = fopen(own, "w");
    fputs("not a program at all", other);
    fclose(other);
    for (int i = 0; i < n; i++)
        free(malloc(50));
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(int, char **);
    } cases[] = {{"in-turn", in_turn},
                 {"in-secret", in_secret},
                 {"deep-bind", deep_bind},
                 {"other-namespace", other_namespace},
                 {"replace-binary", replace_binary}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (argc >= 3 && strcmp(cases[i].name, argv[1]) == 0) {
            cases[i].run(atoi(argv[2]), argv + 3);
            printf("%s done\n", argv[1]);
            return 0;
        }
    return 2;
}
