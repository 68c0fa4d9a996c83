/* descriptors.c — the launcher's own descriptors, kept out of the way of the caller's. */
#define _GNU_SOURCE
#include "cli/launcher/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HIGH 64 /* above what shells and scripts use by number */
#define LOW  4  /* where the limit leaves no room above; 0–3 are what the daemon is given */

int descriptors_hide(int fd) {
    if (fd < 0)
        return -1;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
    if (moved < 0)
        moved = fcntl(fd, F_DUPFD_CLOEXEC, LOW);
    int error = errno;
    close(fd);
    errno = error;
    return moved;
}

static int hide_both(int pair[2]) {
    pair[0] = descriptors_hide(pair[0]);
    pair[1] = descriptors_hide(pair[1]);
    return pair[0] < 0 || pair[1] < 0 ? -1 : 0;
}

int descriptors_socket_pair(int pair[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 ? -1 : hide_both(pair);
}

int descriptors_pipe(int pair[2]) {
    return pipe2(pair, O_CLOEXEC) < 0 ? -1 : hide_both(pair);
}

/* close_range came with Linux 5.9. */
static void close_between(unsigned first, unsigned last) {
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
        return;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < last)
        last = (unsigned)limit.rlim_cur;
    for (unsigned fd = first; fd <= last && fd < 65536; fd++)
        close((int)fd);
}

void descriptors_close_all_but(const int *keep, size_t count) {
    for (unsigned from = 0;;) {
        unsigned next = UINT_MAX; /* the lowest kept one from here on */
        for (size_t i = 0; i < count; i++)
            if (keep[i] >= 0 && (unsigned)keep[i] >= from && (unsigned)keep[i] < next)
                next = (unsigned)keep[i];
        if (next > from)
            close_between(from, next == UINT_MAX ? UINT_MAX : next - 1);
        if (next == UINT_MAX)
            return;
        from = next + 1;
    }
}

void descriptors_fill_standard(void) {
    for (int fd = 0; fd <= 1; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        int null = open("/dev/null", O_RDONLY); /* takes the lowest free number */
        if (null >= 0 && null != fd) {
            dup2(null, fd);
            close(null);
        }
    }
}
