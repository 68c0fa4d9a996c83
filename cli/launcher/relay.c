/* relay.c — carries what the daemon writes to its stderr to the caller's. */
#define _GNU_SOURCE
#include "cli/launcher/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void relay_open(struct relay *relay, int from) {
    relay->from = from;
    relay->start = relay->end = 0;
    fcntl(from, F_SETFL, fcntl(from, F_GETFL) | O_NONBLOCK);
}

static bool holds(const struct relay *relay) {
    return relay->start < relay->end;
}

static bool is_ready(int fd, short events) {
    struct pollfd wait = {.fd = fd, .events = events};
    return poll(&wait, 1, 0) > 0;
}

void relay_prepare(const struct relay *relay, struct pollfd *wait) {
    wait->fd = holds(relay) ? STDERR_FILENO : relay->from;
    wait->events = holds(relay) ? POLLOUT : POLLIN;
    wait->revents = 0;
}

/* False at the end or when nothing waits. */
static bool fill(struct relay *relay) {
    ssize_t n = relay->from < 0 ? 0 : read(relay->from, relay->buffer, sizeof relay->buffer);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        if (relay->from >= 0)
            close(relay->from);
        relay->from = -1;
        return false;
    }
    relay->start = 0;
    relay->end = (size_t)n;
    return true;
}

void relay_pump(struct relay *relay) {
    while (holds(relay) || fill(relay)) {
        if (!is_ready(STDERR_FILENO, POLLOUT))
            return;
        ssize_t n = write(STDERR_FILENO, relay->buffer + relay->start, relay->end - relay->start);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0)
            relay->start = relay->end; /* nobody reads it */
        else
            relay->start += (size_t)n;
    }
}

bool relay_is_empty(const struct relay *relay) {
    return !holds(relay) && (relay->from < 0 || !is_ready(relay->from, POLLIN));
}
