/* A library with one function, NAME, whose code has the same length whatever ROOM is (below 128), while its
 * frame has not: what is remembered of one such library's addresses is wrong for another's. */
#include <stdlib.h>

__attribute__((noinline)) void *NAME(void) {
    volatile char room[ROOM];
#if defined(SAVE_FP) && defined(__x86_64__)
    __asm__ volatile("" ::: "rbp"); /* its caller's frame pointer is found on the stack */
#endif
    room[0] = 1;
    void *p = malloc(BYTES);
    *(volatile char *)p = room[0];
    return p;
}
