/* overwritten: allocates while the return address above is no address, as where a greenlet's outer frames are put
 * away. The bits of the word are those that mark Python code, a mark of the shim's own. */
#include <stdint.h>
#include <stdlib.h>

static void *volatile block;

static __attribute__((noinline)) void allocate(void) {
    block = malloc(4711);
    __asm__ volatile(""); /* no tail call */
}

static __attribute__((noinline)) void overwrite(void) {
    volatile uintptr_t *returns_to = (uintptr_t *)__builtin_frame_address(0) + 1;
    uintptr_t kept = *returns_to;
    *returns_to = UINT64_C(0x4000000000000000);
    allocate();
    *returns_to = kept;
}

int main(void) {
    overwrite();
    return 0;
}
