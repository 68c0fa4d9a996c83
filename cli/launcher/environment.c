/* environment.c — where memtrace lies, and the environments of the program and of the daemon. */
#define _GNU_SOURCE
#include "cli/launcher/environment.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proto/session.h"

#define PRELOAD "LD_PRELOAD="

bool environment_in_root(const char *suffix, char *out, size_t size) {
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length <= 0)
        return false;
    own[length] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(own, '/');
        if (!slash)
            return false;
        *slash = '\0';
    }
    return (size_t)snprintf(out, size, "%s/%s", own, suffix) < size;
}

static size_t count(char **list) {
    size_t n = 0;
    while (list[n])
        n++;
    return n;
}

static bool begins_with(const char *entry, const char *beginning) {
    return strncmp(entry, beginning, strlen(beginning)) == 0;
}

/* ---- the program's ---- */

static bool is_a_shim(const char *path, size_t length) {
    static const char name[] = "/" SESSION_SHIM_LINK;
    return length >= sizeof name - 1 && memcmp(path + length - (sizeof name - 1), name, sizeof name - 1) == 0;
}

/* `LD_PRELOAD=shim[:what the caller preloads]`; the caller's list may be parted by colons and spaces. */
static char *preload_entry(const char *shim, const char *callers) {
    char *entry = malloc(sizeof PRELOAD + strlen(shim) + 1 + strlen(callers));
    if (!entry)
        return NULL;
    char *to = stpcpy(stpcpy(entry, PRELOAD), shim);
    while (*callers) {
        size_t length = strcspn(callers, ": ");
        if (length > 0 && !is_a_shim(callers, length)) {
            *to++ = ':';
            to = mempcpy(to, callers, length);
        }
        callers += length + (callers[length] != '\0');
    }
    *to = '\0';
    return entry;
}

char **environment_of_program(const char *shim) {
    size_t entries = count(environ);
    char **list = calloc(entries + 2, sizeof *list);
    if (!list)
        return NULL;
    bool placed = false;
    for (size_t i = 0; i < entries; i++) {
        list[i] = environ[i];
        if (placed || !begins_with(environ[i], PRELOAD))
            continue;
        list[i] = preload_entry(shim, environ[i] + strlen(PRELOAD));
        if (!list[i])
            return NULL;
        placed = true;
    }
    if (!placed && !(list[entries] = preload_entry(shim, "")))
        return NULL;
    return list;
}

void environment_take_over(char **environment, pid_t from) {
    static const char *const names[] = {"LISTEN_PID=", "WATCHDOG_PID=", "SYSTEMD_EXEC_PID="};
    static char entries[sizeof names / sizeof *names][32];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char theirs[sizeof entries[i]];
        snprintf(theirs, sizeof theirs, "%s%d", names[i], (int)from);
        snprintf(entries[i], sizeof entries[i], "%s%d", names[i], (int)getpid());
        for (char **entry = environment; *entry; entry++)
            if (strcmp(*entry, theirs) == 0)
                *entry = entries[i];
    }
}

/* ---- the daemon's ---- */

static bool is_for_the_program(const char *entry) {
    static const char *const beginnings[] = {
        PRELOAD, "LD_AUDIT=", "NODE_", "MEMTRACE_LAUNCHER=", "MEMTRACE_VIEWER=", "MEMTRACE_TERMINAL="};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (begins_with(entry, beginnings[i]))
            return true;
    return false;
}

char **environment_of_daemon(void) {
    static char terminal[64];
    char **list = calloc(count(environ) + 3, sizeof *list);
    if (!list)
        return NULL;
    size_t n = 0;
    for (char **entry = environ; *entry; entry++)
        if (!is_for_the_program(*entry))
            list[n++] = *entry;
    list[n++] = "MEMTRACE_LAUNCHER=3"; /* says that descriptor 3 leads here */
    struct winsize size = {0};
    if (isatty(STDERR_FILENO)) { /* the daemon writes through us, so that it cannot see for itself */
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
        snprintf(terminal, sizeof terminal, "MEMTRACE_TERMINAL=%u", size.ws_col ? size.ws_col : 80u);
        list[n++] = terminal;
    }
    return list;
}
