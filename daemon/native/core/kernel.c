/* kernel.c — see kernel.h. */
#define _GNU_SOURCE
#include "daemon/native/core/kernel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct kernel_state kernel_state_of(uint32_t pid) {
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%u/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return (struct kernel_state){.known = errno == ENOENT};
    ssize_t bytes = read(fd, text, sizeof text - 1);
    close(fd);
    text[bytes > 0 ? bytes : 0] = 0;
    char *at = strrchr(text, ')'); /* the name may hold anything */
    if (!at || at[1] != ' ')
        return (struct kernel_state){.known = true}; /* it ended while it was read */
    struct kernel_state result = {.known = true, .state = at[2]};
    for (int field = 2; at && field < 22; field++) {
        if (field == 4)
            result.parent_pid = (uint32_t)strtoul(at + 1, NULL, 10);
        at = strchr(at + 1, ' ');
    }
    result.start_ticks = at ? strtoull(at + 1, NULL, 10) : 0;
    return result;
}

/* As far as can be told: that of another user's process cannot. */
static bool is_in_namespace(uint32_t pid, uint64_t namespace) {
    char path[32];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%u/ns/pid", pid);
    return stat(path, &status) || status.st_ino == namespace;
}

uint32_t kernel_find_pid(uint32_t pid, uint64_t namespace, uint64_t ticks) {
    DIR *all = opendir("/proc");
    uint32_t found = 0;
    for (struct dirent *entry; all && !found && (entry = readdir(all));) {
        uint32_t here = (uint32_t)strtoul(entry->d_name, NULL, 10);
        if (!here || !is_in_namespace(here, namespace) ||
            (ticks && kernel_state_of(here).start_ticks != ticks))
            continue;
        char path[32], line[256];
        snprintf(path, sizeof path, "/proc/%u/status", here);
        FILE *status = fopen(path, "re");
        while (status && fgets(line, sizeof line, status)) {
            const char *last = strncmp(line, "NSpid:", 6) == 0 ? strrchr(line, '\t') : NULL;
            if (last && strtoul(last, NULL, 10) == pid)
                found = here;
        }
        if (status)
            fclose(status);
    }
    if (all)
        closedir(all);
    return found;
}

char *kernel_executable(uint32_t pid) {
    char name[32], path[4096];
    snprintf(name, sizeof name, "/proc/%u/exe", pid);
    ssize_t bytes = readlink(name, path, sizeof path);
    return bytes > 0 ? strndup(path, (size_t)bytes) : NULL;
}
