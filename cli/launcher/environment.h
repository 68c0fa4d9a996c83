/* environment.h — where memtrace lies, and the environments of the program and of the daemon. */
#ifndef MEMTRACE_LAUNCHER_ENVIRONMENT_H
#define MEMTRACE_LAUNCHER_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Node reads the file it names at start, which triples the time that takes; memtrace talks to nobody. */
#define NODE_CERTIFICATES "NODE_EXTRA_CA_CERTS"

/* Writes `<root>/suffix`, the root being the folder above that of this very file. False when it does not fit.
 */
bool environment_in_root(const char *suffix, char *out, size_t size);

/* The caller's environment but for LD_PRELOAD, which leads with `shim`; shims of other sessions in it are
 * dropped. NULL when memory is out. Never freed: it lives until exec. */
char **environment_of_program(const char *shim);

/* In the program, before exec: what systemd says of the process `from` in `environment` is said of this one.
 * A program takes sockets and watchdogs for its own only where they name it. */
void environment_take_over(char **environment, pid_t from);

/* The caller's environment without what is meant for the program's loader or for its Node. */
char **environment_of_daemon(void);

#endif
