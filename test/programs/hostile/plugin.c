/* plugin.c — a library whose one function is called NAME and allocates SIZE bytes. PAD moves what follows. */
#include <stdlib.h>
void *NAME(void) {
    void *volatile block = malloc(SIZE);
    return block;
}
void *call(void) {
    void *volatile block = NAME();
    return block;
}
