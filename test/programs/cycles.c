/* Begins and ends an interpreter again and again in one process: cycles LIBPYTHON SCRIPT-TEXT CYCLES [restore|change]
 *
 * With `restore` it reads the interpreter's allocators before each cycle, sets them again in the middle of it,
 * over whatever was put in front of them meanwhile, and runs the script once more. With `change` they have a
 * context of their own in each cycle, to which the interpreter's do not look.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct allocator {
    void *context, *malloc, *calloc, *realloc, *free;
};
struct status {
    int type;
    const char *where, *what;
    int code;
};

int main(int argc, char **argv) {
    if (argc < 4)
        return 2;
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 3;
    }
    void (*configure)(void *) = dlsym(library, "PyPreConfig_InitPythonConfig");
    struct status (*prepare)(const void *) = dlsym(library, "Py_PreInitialize");
    void (*initialize)(int) = dlsym(library, "Py_InitializeEx");
    int (*run)(const char *) = dlsym(library, "PyRun_SimpleString");
    int (*finalize)(void) = dlsym(library, "Py_FinalizeEx");
    void (*get)(int, struct allocator *) = dlsym(library, "PyMem_GetAllocator");
    void (*set)(int, struct allocator *) = dlsym(library, "PyMem_SetAllocator");
    for (int i = 0; i < atoi(argv[3]); i++) {
        max_align_t config[32] = {0}; /* a PyPreConfig has 40 bytes */
        struct allocator saved[3];
        configure(config);
        if (prepare(config).type)
            return 4;
        for (int domain = 1; domain < 3; domain++)
            get(domain, &saved[domain]);
        initialize(0);
        if (run(argv[2]))
            return 5;
        if (argc > 4) {
            for (int domain = 1; domain < 3; domain++) {
                if (argv[4][0] == 'c')
                    saved[domain].context = argv[0] + i;
                set(domain, &saved[domain]);
            }
            if (run(argv[2]))
                return 6;
        }
        if (finalize())
            return 7;
    }
    puts("done");
    return 0;
}
