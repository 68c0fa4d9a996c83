/* plugin_host.c COUNT LIBRARY — a C program that loads a C++ library for itself alone. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    void *handle = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return puts(dlerror()), 1;
    ((void (*)(int))dlsym(handle, "use_operators"))(atoi(argv[1]));
    dlclose(handle);
    return 3;
}
