/* export_pids.c — the processes of the machine that may have been started in a session (see export.h): of
 * hundreds there are few, so that the rest is sorted out here.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/native/core/export.h"

#define STAT_BYTES       1024 /* of /proc/PID/stat: 52 numbers and a short name */
#define FIELD_STATE      3
#define FIELD_START_TIME 22

/* Field 22 of /proc/PID/stat, in clock ticks since boot; UINT64_MAX when the process is gone. -1 with errno
 * where that cannot be told. */
static int start_ticks(int proc, const char *pid, uint64_t *ticks) {
    char path[32], stat[STAT_BYTES];
    snprintf(path, sizeof path, "%.20s/stat", pid);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    *ticks = UINT64_MAX;
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -1 : 0;
    ssize_t length = read(fd, stat, sizeof stat - 1);
    close(fd);
    if (length <= 0)
        return 0;
    stat[length] = '\0';
    /* The name in parentheses may hold anything, also spaces and parentheses. */
    const char *at = strrchr(stat, ')');
    for (int field = FIELD_STATE - 1; at && field < FIELD_START_TIME; field++)
        at = strchr(at + 1, ' ');
    if (at)
        *ticks = strtoull(at + 1, NULL, 10);
    return 0;
}

/* The pids of the processes that started at `since` or later, in clock ticks since boot, those that are only
 * corpses among them. How many there are, with room for them or not; -1 where that cannot be told. */
EXPORT int32_t core_pids_since(double since, uint32_t *pids, uint32_t capacity) {
    DIR *proc = opendir("/proc");
    if (!proc)
        return -1;
    int32_t count = 0;
    for (struct dirent *entry; count >= 0 && (entry = readdir(proc));) {
        uint64_t ticks;
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        if (start_ticks(dirfd(proc), entry->d_name, &ticks)) {
            count = -1;
        } else if (ticks != UINT64_MAX && (double)ticks >= since) {
            if ((uint32_t)count < capacity)
                pids[count] = (uint32_t)strtoul(entry->d_name, NULL, 10);
            count++;
        }
    }
    closedir(proc);
    return count;
}
