/* export_inputs.c — descriptors of the daemon's that seldom have anything to read (see export.h): the kernel
 * says by SIGIO when one has, so that Node.js needs no event source for them, nor what it takes to load one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/native/core/export.h"

#define BACKLOG 128

/* A Unix socket that listens at `path`, for this user only; -errno on failure. */
EXPORT int32_t core_listen(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || chmod(path, 0600) || listen(fd, BACKLOG)) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

/* SIGIO for this process whenever more can be read from the socket, somebody has connected to it, or its
 * other end was closed; there must be a handler. False: the system does not do that. */
EXPORT bool core_announce_input(int32_t fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && !fcntl(fd, F_SETOWN, getpid()) && !fcntl(fd, F_SETFL, flags | O_ASYNC);
}

/* Ends that. */
EXPORT void core_hush_input(int32_t fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        fcntl(fd, F_SETFL, flags & ~O_ASYNC);
}

/* Whether a read, or accept, would return at once. */
EXPORT bool core_has_input(int32_t fd) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll(&wait, 1, 0) > 0;
}
