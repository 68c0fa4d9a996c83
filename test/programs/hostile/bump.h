/* bump.h — the rest of an allocator whose malloc keeps each block's size in the 16 bytes before it and takes
 * none back. */
#include <stddef.h>
#include <string.h>

void *malloc(size_t size);

void free(void *block) {
    (void)block;
}
void *calloc(size_t count, size_t size) {
    return malloc(count * size);
}
void *realloc(void *old, size_t size) {
    void *block = malloc(size);
    size_t before = old ? ((size_t *)old)[-2] : 0;
    return old && block ? memcpy(block, old, before < size ? before : size) : block;
}
