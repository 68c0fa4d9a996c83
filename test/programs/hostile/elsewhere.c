// elsewhere.c — a child in a mount namespace with a /dev/shm of its own, where it makes the folder of its session
// again: its shared memory is then where the daemon does not look. Its child allocates more than a ring holds.
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void hide_shared_memory(void) {
    const char *preload = getenv("LD_PRELOAD");
    char folder[256] = "";
    snprintf(folder, sizeof folder, "%s", preload ? preload : "");
    if (strncmp(folder, "/dev/shm/", 9))
        return;
    folder[strcspn(folder, ": ")] = 0;
    *strrchr(folder, '/') = 0;
    if (unshare(CLONE_NEWNS) || mount("none", "/", 0, MS_REC | MS_PRIVATE, 0) ||
        mount("tmpfs", "/dev/shm", "tmpfs", 0, 0))
        _exit(2);
    for (char *at = folder + 9; *at; at++) {
        if (*at != '/')
            continue;
        *at = 0;
        mkdir(folder, 0700);
        *at = '/';
    }
    mkdir(folder, 0700);
}

int main(void) {
    int status = 0;
    free(malloc(1));
    if (!fork()) {
        hide_shared_memory();
        if (!fork()) {
            for (int i = 0; i < 20000; i++)
                free(malloc(10));
            _exit(write(1, "ran\n", 4) != 4);
        }
        wait(&status);
        _exit(WEXITSTATUS(status));
    }
    wait(&status);
    return WEXITSTATUS(status) ? 1 : 5;
}
