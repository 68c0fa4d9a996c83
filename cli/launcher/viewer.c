/* viewer.c — `memtrace top` on the caller's terminal while the program runs. */
#define _GNU_SOURCE
#include "cli/launcher/viewer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/launcher/daemon.h"
#include "cli/launcher/descriptors.h"

static _Noreturn void run_viewer(const char *id, const char *output, bool keys_only,
                                 const struct caller_signals *caller) {
    char *argv[] = {"memtrace", "top", (char *)id, keys_only ? "--no-mouse" : NULL, NULL};
    int terminal = descriptors_hide(open("/dev/tty", O_RDWR | O_CLOEXEC));
    for (int fd = 0; fd <= 2; fd++)
        dup2(terminal, fd);
    signals_give_back(caller);
    setenv("MEMTRACE_VIEWER", output, 1);
    _exit(daemon_become(argv));
}

void viewer_start(struct viewer *viewer, const char *folder, const char *output, bool keys_only,
                  const struct caller_signals *caller) {
    const char *slash = strrchr(folder, '/');
    viewer->pid = fork();
    if (viewer->pid == 0)
        run_viewer(slash ? slash + 1 : folder, output, keys_only, caller);
    viewer->ended = viewer->pid < 0;
}

void viewer_reap(struct viewer *viewer) {
    int status;
    if (!viewer->ended && waitpid(viewer->pid, &status, WNOHANG) == viewer->pid)
        viewer->ended = true;
}
