/* pty.c — a terminal of the program's own, while a viewer has the caller's. */
#define _GNU_SOURCE
#include "cli/launcher/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "cli/launcher/descriptors.h"
#include "cli/launcher/message.h"

#define COPY_FILE    "output"
#define COPY_BYTES   (4 << 20)
#define REPLAY_BYTES (256 << 10)
#define CHUNK        4096
#define MOST_CHUNKS  64 /* at a time: signals must be passed on meanwhile */

void pty_none(struct pty *pty) {
    *pty = (struct pty){.master = -1, .slave = -1, .terminal = -1, .copy = -1, .ended = true};
}

static bool is_used(const struct pty *pty) {
    return pty->master >= 0;
}

/* ---- start ---- */

static int no_terminal(void) {
    return message_error(EXIT_MEMTRACE, "cannot show a live view", "there is no terminal to show it on",
                         "leave out --tui, and look with `memtrace top` from another terminal");
}

static int no_pty(void) {
    return message_error(EXIT_MEMTRACE, "cannot give the program a terminal of its own", strerror(errno),
                         "leave out --tui, and look with `memtrace top` from another terminal");
}

/* The limit on file sizes is the caller's: beyond it the kernel would send us a signal. */
static off_t room_for_copy(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < COPY_BYTES)
        return (off_t)limit.rlim_cur;
    return COPY_BYTES;
}

/* As the caller's, but it echoes nothing: what is typed is seen where it is typed. */
static void set_modes(const struct pty *pty) {
    struct termios modes;
    if (tcgetattr(pty->terminal, &modes) != 0)
        return;
    modes.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    tcsetattr(pty->slave, TCSANOW, &modes);
}

int pty_open(struct pty *pty, const char *folder) {
    pty_none(pty);
    pty->terminal = descriptors_hide(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (pty->terminal < 0)
        return no_terminal();
    pty->master = descriptors_hide(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    if (pty->master < 0 || grantpt(pty->master) != 0 || unlockpt(pty->master) != 0)
        return no_pty();
    pty->slave = descriptors_hide(ioctl(pty->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (pty->slave < 0)
        return no_pty();
    set_modes(pty);
    pty_resize(pty);
    if ((size_t)snprintf(pty->path, sizeof pty->path, "%s/" COPY_FILE, folder) < sizeof pty->path)
        pty->copy = descriptors_hide(open(pty->path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
    if (pty->copy >= 0)
        fchmod(pty->copy, 0600); /* whatever the umask is: the viewer opens it */
    pty->room = room_for_copy();
    pty->ended = false;
    return 0;
}

void pty_become(const struct pty *pty) {
    if (!is_used(pty))
        return;
    setsid();
    ioctl(pty->slave, TIOCSCTTY, 0);
    for (int fd = 0; fd <= 2; fd++)
        if (isatty(fd))
            dup2(pty->slave, fd);
}

void pty_started(struct pty *pty) {
    if (pty->slave >= 0)
        close(pty->slave); /* else its end would never be seen */
    pty->slave = -1;
}

void pty_resize(const struct pty *pty) {
    struct winsize size;
    if (is_used(pty) && ioctl(pty->terminal, TIOCGWINSZ, &size) == 0)
        ioctl(pty->master, TIOCSWINSZ, &size);
}

pid_t pty_group(const struct pty *pty) {
    pid_t group = is_used(pty) ? tcgetpgrp(pty->master) : -1;
    return group > 0 ? group : -1;
}

/* ---- while it runs ---- */

static bool is_ready(int fd, short events) {
    struct pollfd wait = {.fd = fd, .events = events};
    return poll(&wait, 1, 0) > 0;
}

/* In the background the terminal's keys are another's: reading them would stop us. */
static bool has_keys(const struct pty *pty) {
    return pty->shown && !pty->ended && tcgetpgrp(pty->terminal) == getpgrp();
}

void pty_prepare(const struct pty *pty, struct pollfd wait[PTY_FDS]) {
    bool may_write = !pty->shown || is_ready(pty->terminal, POLLOUT);
    wait[0] = (struct pollfd){.fd = pty->ended ? -1 : pty->master, .events = POLLIN};
    wait[1] = (struct pollfd){.fd = has_keys(pty) ? pty->terminal : -1, .events = POLLIN};
    if (!pty->ended && !may_write) {
        wait[0].fd = pty->terminal;
        wait[0].events = POLLOUT;
    }
}

static void keep(const struct pty *pty, const char *text, size_t length) {
    struct stat now;
    if (pty->copy < 0 || fstat(pty->copy, &now) != 0 || (off_t)length > pty->room)
        return;
    if (now.st_size + (off_t)length > pty->room && ftruncate(pty->copy, 0) != 0)
        return;
    if (write(pty->copy, text, length) < 0)
        return; /* no room left: the viewer misses it, the program does not suffer */
}

/* The caller's terminal takes it, or does so soon. */
static void put(const struct pty *pty, const char *text, size_t length) {
    while (length > 0) {
        ssize_t n = write(pty->terminal, text, length);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd wait = {.fd = pty->terminal, .events = POLLOUT};
            if (poll(&wait, 1, 1000) <= 0)
                return;
            continue;
        }
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0) {
            text += n;
            length -= (size_t)n;
        }
    }
}

static void pump_output(struct pty *pty) {
    char chunk[CHUNK];
    for (int i = 0; i < MOST_CHUNKS && !pty->ended; i++) {
        if (pty->shown && !is_ready(pty->terminal, POLLOUT))
            return;
        ssize_t n = read(pty->master, chunk, sizeof chunk);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            pty->ended = true;
            return;
        }
        keep(pty, chunk, (size_t)n);
        if (pty->shown)
            put(pty, chunk, (size_t)n);
    }
}

static void pump_keys(struct pty *pty) {
    char chunk[CHUNK];
    if (!has_keys(pty) || !is_ready(pty->terminal, POLLIN) || !is_ready(pty->master, POLLOUT))
        return;
    ssize_t n = read(pty->terminal, chunk, sizeof chunk);
    static const char end_of_file = 4;
    if (n == 0)
        n = write(pty->master, &end_of_file, 1);
    else if (n > 0)
        n = write(pty->master, chunk, (size_t)n);
}

void pty_pump(struct pty *pty) {
    if (!is_used(pty))
        return;
    pump_output(pty);
    pump_keys(pty);
}

void pty_show(struct pty *pty) {
    char chunk[CHUNK];
    struct stat now;
    if (!is_used(pty) || pty->shown)
        return;
    pty->shown = true;
    if (pty->copy < 0 || fstat(pty->copy, &now) != 0)
        return;
    off_t at = now.st_size > REPLAY_BYTES ? now.st_size - REPLAY_BYTES : 0;
    for (ssize_t n; (n = pread(pty->copy, chunk, sizeof chunk, at)) > 0; at += n)
        put(pty, chunk, (size_t)n);
}
