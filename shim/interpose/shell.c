/* shell.c — system and popen: the C library starts their shell by itself, past the hooks of exec, so that
 * what those would change in a child's environment has to be changed in the program's own. What kind of file
 * the shell is does not matter: it hands the preload on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "shim/interpose/preload.h"
#include "shim/real.h"

EXPORT int system(const char *command) {
    if (!real_available() || !real.system) {
        errno = ENOSYS;
        return -1;
    }
    if (command) /* without one, it asks whether there is a shell */
        preload_before_shell();
    return real.system(command);
}

EXPORT FILE *popen(const char *command, const char *mode) {
    if (!real_available() || !real.popen) {
        errno = ENOSYS;
        return NULL;
    }
    preload_before_shell();
    return real.popen(command, mode);
}
