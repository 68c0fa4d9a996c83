// reload.c — PLUGIN COUNT LAST: loads a plugin that often, calls it and unloads it; then does the same work by the
// last one, which stays. -DPLUGIN=name: a plugin whose function of that name gives a block.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef PLUGIN
void *PLUGIN(int bytes) {
    void *block = malloc(bytes);
    __asm__ volatile("" ::: "memory");
    return block;
}
#else
int main(int argc, char **argv) {
    for (int i = 0; i < atoi(argv[2]); i++) {
        void *plugin = dlopen(argv[1], RTLD_NOW);
        free(((void *(*)(int))dlsym(plugin, "first"))(10));
        dlclose(plugin);
    }
    void *last = dlopen(argv[3], RTLD_NOW);
    for (int i = 0; i < 100; i++)
        ((void *(*)(int))dlsym(last, "last"))(1000);
    puts("end");
    return 5;
}
#endif
