/* Loads an interpreter at run time, as a plugin host does: embed LIBPYTHON SCRIPT-TEXT [ROUNDS] */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    int rounds = argc > 3 ? atoi(argv[3]) : 1;
    for (int i = 0; i < rounds; i++) {
        void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        if (!library) {
            fprintf(stderr, "%s\n", dlerror());
            return 3;
        }
        void (*initialize)(int) = dlsym(library, "Py_InitializeEx");
        int (*run)(const char *) = dlsym(library, "PyRun_SimpleString");
        int (*finalize)(void) = dlsym(library, "Py_FinalizeEx");
        initialize(0);
        if (run(argv[2]))
            return 4;
        finalize();
        dlclose(library);
        free(malloc(100 + (size_t)i));
    }
    puts("done");
    return 0;
}
