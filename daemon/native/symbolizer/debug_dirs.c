/* debug_dirs.c — where separate debug files are looked for: beside the binary,
 * /usr/lib/debug, and what the user names. Only local files, never the network.
 */
#define _GNU_SOURCE
#include "debug_dirs.h"
#include "array.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>

char *debug_dirs;

/* libdw's call comes here, instead of to libc: for each file without debug information it would load
 * libdebuginfod, and with it curl and TLS, 8 MiB, to hear that no server is to be asked. */
void *dlopen(const char *name, int flags) {
    (void)name, (void)flags;
    return NULL;
}

void debug_dirs_init(void) {
    const char *more = getenv("MEMTRACE_DEBUG_DIRS");
    bool has_more = more && *more;
    if (asprintf(&debug_dirs, ":.debug:/usr/lib/debug%s%s", has_more ? ":" : "", has_more ? more : "") < 0)
        abort();
}

int debug_dirs_open(const char *build_id) {
    if (strlen(build_id) < 4)
        return -1;
    char *trees = text_copy(debug_dirs), *rest = trees, *tree;
    int fd = -1;
    while (fd < 0 && (tree = strsep(&rest, ":"))) {
        char path[4096];
        if (tree[0] != '/')
            continue;
        int length = snprintf(path, sizeof path, "%s/.build-id/%.2s/%s.debug", tree, build_id, build_id + 2);
        if (length > 0 && (size_t)length < sizeof path)
            fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    free(trees);
    return fd;
}
