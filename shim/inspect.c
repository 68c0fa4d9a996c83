/* inspect.c — what preloading the shim into a program would do, told from its file alone.
 *
 * Runs between vfork and exec, on borrowed memory: never allocates, locks or calls into stdio; reads with
 * pread in small pieces, and believes nothing that a file says without checking it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "shim/inspect.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "shim/inspect_elf.h"
#include "shim/platform/linux/calls.h"

#ifndef ST_NOSUID
#define ST_NOSUID 2 /* f_flags of statfs, as statvfs names it */
#endif

/* ---- files, without libc: its functions may be interposed, and are points of cancellation ---- */

static int open_file(const char *path) {
    long fd;
    do
        fd = syscall(CALL_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (fd < 0 && errno == EINTR);
    return (int)fd;
}

static void close_file(int fd) {
    syscall(CALL_close, fd);
}

static bool file_status(const char *path, struct stat *to) {
    return syscall(CALL_newfstatat, AT_FDCWD, path, to, 0) == 0;
}

static bool may_execute(const char *path, const struct stat *st) {
    return S_ISREG(st->st_mode) && syscall(CALL_faccessat, AT_FDCWD, path, X_OK) == 0;
}

/* ---- privileges ---- */

/* AT_SECURE, as the kernel decides it: the new effective ids differ from the real ones, or the file gives a
 * plain user capabilities. A loader in that mode ignores a preload by path. */
static bool is_privileged(const char *path, const struct stat *st) {
    struct statfs fs;
    bool ids_count = !(syscall(CALL_statfs, path, &fs) == 0 && (fs.f_flags & ST_NOSUID)) &&
                     syscall(CALL_prctl, PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) != 1;
    uid_t real_uid = (uid_t)syscall(CALL_getuid), uid = (uid_t)syscall(CALL_geteuid);
    gid_t real_gid = (gid_t)syscall(CALL_getgid), gid = (gid_t)syscall(CALL_getegid);
    if (ids_count && (st->st_mode & S_ISUID))
        uid = st->st_uid;
    if (ids_count && (st->st_mode & S_ISGID) && (st->st_mode & S_IXGRP))
        gid = st->st_gid;
    if (uid != real_uid || gid != real_gid)
        return true;
    return ids_count && real_uid != 0 && syscall(CALL_getxattr, path, "security.capability", NULL, 0L) > 0;
}

/* ---- scripts ---- */

/* Parses `#! interpreter [argument]`; false when there is no such line, or none that the kernel accepts. */
static bool script_interpreter(const char *head, size_t bytes, char *out, size_t size) {
    if (bytes < 2 || head[0] != '#' || head[1] != '!')
        return false;
    size_t start = 2;
    while (start < bytes && (head[start] == ' ' || head[start] == '\t'))
        start++;
    size_t end = start;
    while (end < bytes && head[end] != ' ' && head[end] != '\t' && head[end] != '\n' && head[end] != '\0')
        end++;
    if (end == start || end == INSPECT_HEAD_BYTES || end - start >= size)
        return false;
    memcpy(out, head + start, end - start);
    out[end - start] = '\0';
    return true;
}

/* ---- one file ---- */

enum kind {
    KIND_KNOWN,  /* `reason` says it */
    KIND_SCRIPT, /* `interpreter` is what to look at next */
    KIND_FAILS   /* exec fails by itself: not there, not a file, not executable */
};

struct finding {
    enum kind kind;
    enum untraced_reason reason;
    char interpreter[INSPECT_HEAD_BYTES];
};

static void known(struct finding *f, enum untraced_reason reason) {
    f->kind = KIND_KNOWN;
    f->reason = reason;
}

static void inspect_file(const char *path, struct finding *f) {
    struct stat st;
    f->kind = KIND_FAILS;
    if (!file_status(path, &st) || !may_execute(path, &st))
        return;
    int fd = open_file(path);
    if (fd < 0) {
        known(f, is_privileged(path, &st) ? UNTRACED_SETUID : UNTRACED_UNREADABLE);
        return;
    }
    char head[INSPECT_HEAD_BYTES];
    size_t bytes = elf_read(fd, 0, head, sizeof head);
    if (bytes >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0) {
        /* Another machine's program first: who may run it does not matter when it cannot take our shim. */
        enum untraced_reason reason = elf_inspect(fd, head, bytes);
        if (reason == UNTRACED_NONE && is_privileged(path, &st))
            reason = UNTRACED_SETUID;
        known(f, reason);
    } else if (script_interpreter(head, bytes, f->interpreter, sizeof f->interpreter)) {
        f->kind = KIND_SCRIPT;
    } else {
        known(f, UNTRACED_NONE); /* no magic: exec fails, and execvp gives it to /bin/sh */
    }
    close_file(fd);
}

/* ---- public ---- */

bool inspect_is_cut_off(const char *program, const char *shim) {
    return syscall(CALL_faccessat, AT_FDCWD, program, X_OK) == 0 &&
           syscall(CALL_faccessat, AT_FDCWD, shim, R_OK) != 0;
}

enum untraced_reason inspect_program(const char *path) {
    struct finding f;
    inspect_file(path, &f);
    if (f.kind == KIND_FAILS)
        return UNTRACED_NONE;
    if (f.kind == KIND_KNOWN)
        return f.reason;
    for (int depth = 0; depth < INSPECT_SCRIPT_DEPTH; depth++) {
        char interpreter[INSPECT_HEAD_BYTES];
        memcpy(interpreter, f.interpreter, sizeof interpreter);
        inspect_file(interpreter, &f);
        if (f.kind == KIND_KNOWN)
            return f.reason == UNTRACED_NONE ? UNTRACED_NONE : UNTRACED_SCRIPT;
        if (f.kind == KIND_FAILS)
            return UNTRACED_SCRIPT;
    }
    return UNTRACED_SCRIPT;
}

size_t inspect_interpreter(const char *path, char *out, size_t size) {
    char head[INSPECT_HEAD_BYTES];
    size_t length = 0;
    int fd = size > 0 ? open_file(path) : -1;
    if (fd < 0)
        return 0;
    size_t bytes = elf_read(fd, 0, head, sizeof head);
    if (bytes >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
        length = elf_interpreter(fd, out, size);
    else if (script_interpreter(head, bytes, out, size))
        length = strlen(out);
    close_file(fd);
    return length;
}

int inspect_find_in_path(const char *name, const char *path_variable, char *out, size_t size) {
    size_t name_length = strlen(name);
    if (name_length == 0)
        return ENOENT;
    if (strchr(name, '/')) {
        if (name_length >= size)
            return ENAMETOOLONG;
        memcpy(out, name, name_length + 1);
        struct stat st;
        if (!file_status(out, &st))
            return errno == EACCES ? EACCES : errno == ENAMETOOLONG ? ENAMETOOLONG : ENOENT;
        return may_execute(out, &st) ? 0 : EACCES;
    }
    int error = ENOENT;
    for (const char *folder = path_variable ? path_variable : "/bin:/usr/bin";; folder++) {
        const char *end = strchrnul(folder, ':');
        size_t length = (size_t)(end - folder);
        if (length + 1 + name_length < size) {
            char *to = out;
            memcpy(to, folder, length); /* an empty element is the working directory */
            to += length;
            if (length > 0)
                *to++ = '/';
            memcpy(to, name, name_length + 1);
            struct stat st;
            if (file_status(out, &st)) {
                if (may_execute(out, &st))
                    return 0;
                error = EACCES;
            } else if (errno == EACCES) {
                error = EACCES;
            }
        }
        if (*end == '\0')
            return error;
        folder = end;
    }
}

const char *inspect_reason(enum untraced_reason reason) {
    switch (reason) {
    case UNTRACED_NONE:
        return "it can be traced";
    case UNTRACED_STATIC:
        return "it is statically linked, so that nothing can be loaded into it";
    case UNTRACED_SETUID:
        return "it runs with other rights than yours (setuid, setgid or file capabilities), and the system "
               "then ignores what is preloaded";
    case UNTRACED_SANITIZER:
        return "it was built with a sanitizer, which replaces the allocator itself";
    case UNTRACED_ARCHITECTURE:
        return "it is built for another kind of processor than this memtrace";
    case UNTRACED_LIBC:
        return "it uses another C library than this memtrace (musl, for instance)";
    case UNTRACED_UNREADABLE:
        return "its file cannot be read, so that it cannot be known to be safe to trace";
    case UNTRACED_NO_SEGMENT:
        return "there is no room for its trace (shared memory is full, or a limit forbids it)";
    case UNTRACED_EXCLUDED:
        return "it is excluded by an option";
    case UNTRACED_OUT_OF_REACH:
        return "it runs as another user or in another root directory, and cannot open the session's files";
    case UNTRACED_CLEARED:
        return "it was started by system or popen, after LD_PRELOAD was taken out of the environment";
    case UNTRACED_SANDBOX:
        return "it is in a seccomp sandbox that would kill it for what tracing needs";
    case UNTRACED_LIBRARY:
        return "it is a shared library, not a program";
    case UNTRACED_SCRIPT:
        return "it is a script whose interpreter is missing or cannot be traced";
    }
    return "for a reason that this version does not know";
}

const char *inspect_remedy(enum untraced_reason reason) {
    switch (reason) {
    case UNTRACED_STATIC:
        return "link it dynamically (without -static or -static-pie), or use `valgrind --tool=dhat`";
    case UNTRACED_SETUID:
        return "run it as the user it belongs to, or trace a copy of it without these rights";
    case UNTRACED_SANITIZER:
        return "build it without -fsanitize, or ask the sanitizer itself (ASAN_OPTIONS=help=1)";
    case UNTRACED_ARCHITECTURE:
        return "build the program, or memtrace, for the same architecture";
    case UNTRACED_LIBC:
        return "link it with glibc, or build memtrace on a system of that C library";
    case UNTRACED_UNREADABLE:
        return "make the file readable: chmod +r";
    case UNTRACED_NO_SEGMENT:
        return "make room in /dev/shm, or raise the limits (ulimit -a)";
    case UNTRACED_SCRIPT:
        return "look at the `#!` line of the script, and run its interpreter under memtrace by hand";
    case UNTRACED_OUT_OF_REACH:
        return "run memtrace itself as that user, or inside of that root directory";
    case UNTRACED_LIBRARY:
        return "name a program that uses it: what the library allocates in there is shown";
    case UNTRACED_NONE:
    case UNTRACED_EXCLUDED:
    case UNTRACED_CLEARED:
    case UNTRACED_SANDBOX:
        break;
    }
    return "run it without memtrace";
}
