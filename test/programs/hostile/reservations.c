/* reservations.c COUNT — takes 64 TiB of address space and gives them back, again and again. */
#include <stdlib.h>
#include <sys/mman.h>
int main(int argc, char **argv) {
    for (int i = argc > 1 ? atoi(argv[1]) : 1; i > 0; i--) {
        void *space = mmap(NULL, 1ul << 46, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (space == MAP_FAILED || munmap(space, 1ul << 46))
            return 1;
    }
    return 0;
}
