/* Loads libred.so and libblue.so of folder $1 by turns, calls their function and unloads them. Prints how often
 * a library came to lie where another one had been. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
    void *before = NULL;
    int same = 0;
    for (int i = 0; argc == 2 && i < 200; i++) {
        char path[4096];
        const char *name = i % 2 ? "blue" : "red";
        snprintf(path, sizeof path, "%s/lib%s.so", argv[1], name);
        void *library = dlopen(path, RTLD_NOW);
        if (!library)
            return 1;
        void *(*function)(void) = (void *(*)(void))dlsym(library, name);
        same += (void *)function == before;
        before = (void *)function;
        function();
        dlclose(library);
    }
    printf("%d\n", same);
    return 0;
}
