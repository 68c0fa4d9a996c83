/* session.h — what all processes of one session share: the control page and the registry.
 *
 * Both are files in the session directory, made and sized by the daemon before it starts the program, mode
 * 0600: control   one page; the daemon writes, shims map it read-only; registry  a ring of announcements by
 * which shims tell the daemon of process images; mapped read-write. The directory also holds
 * `libmemtrace.so`, a symbolic link to the shim: LD_PRELOAD names it, so that the preload alone leads a new
 * image to its session.  Segments are files `segment.<ticket>` in it.
 */
#ifndef MEMTRACE_PROTO_SESSION_H
#define MEMTRACE_PROTO_SESSION_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_VERSION UINT32_C(1)

#define SESSION_CONTROL_FILE  "control"
#define SESSION_REGISTRY_FILE "registry"
#define SESSION_SHIM_LINK     "libmemtrace.so"
#define SESSION_SEGMENT_FILE  "segment." /* followed by the ticket in decimal */

/* ---- control page ---- */

#define CONTROL_MAGIC UINT64_C(0x6c6f72746e6f434d) /* "MControl" */
#define CONTROL_BYTES 4096

#define SELECTION_BYTES 1536

enum on_full { ON_FULL_WAIT = 0, ON_FULL_DROP = 1 };

struct control {
    uint64_t magic;
    uint32_t version;
    uint32_t on_full; /* enum on_full: what a producer does when its ring is full */
    uint8_t reserved0[48];

    /* Hot line, read at each event. */
    uint32_t clock;         /* the number of the drain's round, which takes nothing of later ones */
    uint32_t stopped;       /* not 0: detach for good, the session has ended */
    uint32_t python_native; /* not 0: stacks of Python objects hold native frames, too */
    uint8_t reserved1[52];

    /* A robust, process-shared pthread mutex held by the daemon for as long as it lives. Its first word is
     * the lock word of glibc; FUTEX_OWNER_DIED (0x40000000) in it says that the daemon is dead, also as a
     * zombie. */
    uint8_t life[64];

    /* Which programs of the tree are traced: patterns, each ended by 0, the list by an empty one. None at all
     * in `only` stands for every program. Written before the first program starts. */
    char only[SELECTION_BYTES];
    char exclude[SELECTION_BYTES];
};
static_assert(offsetof(struct control, clock) == 64, "hot line");
static_assert(offsetof(struct control, life) == 128, "life sign");
static_assert(offsetof(struct control, only) == 192, "selection");
static_assert(sizeof(struct control) <= CONTROL_BYTES, "control page");

/* ---- registry ---- */

#define REGISTRY_MAGIC   UINT64_C(0x7274736967655252) /* "RRegistr" */
#define REGISTRY_ENTRIES 4096u

struct registry_header {
    uint64_t magic;
    uint32_t version;
    uint32_t entries; /* REGISTRY_ENTRIES */
    uint8_t reserved0[48];

    uint32_t next;     /* the next ticket; entry = ticket % entries. Tickets start at 1. */
    uint32_t refused;  /* announcements that found their entry still in use: images that run untraced */
    uint32_t doorbell; /* futex: bumped by whoever wants the drain to come */
    uint32_t sleeping; /* 1 while the drain waits at the doorbell */
    uint8_t reserved1[48];
};
static_assert(sizeof(struct registry_header) == 128, "registry header");

enum registry_state {
    REGISTRY_FREE = 0,    /* set by the daemon once it has copied the entry */
    REGISTRY_CLAIMED = 1, /* being filled in; once `pid` is not 0, it and `pid_namespace` are valid */
    REGISTRY_TRACED = 2,  /* the segment file of this ticket is ready */
    REGISTRY_UNTRACED = 3 /* this process image runs without the shim, for `reason` */
};

enum untraced_reason {
    UNTRACED_NONE = 0,
    UNTRACED_STATIC = 1,        /* no program interpreter: nothing can be preloaded */
    UNTRACED_SETUID = 2,        /* setuid, setgid or file capabilities: the loader ignores the preload */
    UNTRACED_SANITIZER = 3,     /* a sanitizer runtime replaces malloc itself */
    UNTRACED_ARCHITECTURE = 4,  /* another class or machine */
    UNTRACED_LIBC = 5,          /* another C library's loader (musl …) */
    UNTRACED_UNREADABLE = 6,    /* the file cannot be read, so that it cannot be known to be safe */
    UNTRACED_NO_SEGMENT = 7,    /* no room for the segment (tmpfs full, RLIMIT_FSIZE, RLIMIT_AS) */
    UNTRACED_EXCLUDED = 8,      /* the user asked for it (--only, --exclude) */
    UNTRACED_SCRIPT = 9,        /* a script whose interpreter is one of the above or does not exist */
    UNTRACED_OUT_OF_REACH = 10, /* another user, or in another root: it could not open the session's files */
    UNTRACED_CLEARED = 11,      /* a shell started after the preload was taken out of the environment */
    UNTRACED_SANDBOX = 12,      /* in a seccomp sandbox that kills for a system call of the shim; no pid */
    UNTRACED_LIBRARY = 13       /* a shared library, which is no program */
};

struct registry_entry {
    uint32_t state; /* enum registry_state; released last */
    uint32_t ticket;
    uint32_t pid; /* both as its own namespace counts them */
    uint32_t parent_pid;
    uint32_t reason; /* enum untraced_reason */
    uint32_t path_bytes;
    uint8_t path[224];      /* executable of an untraced image; the tail of it when longer */
    uint64_t pid_namespace; /* inode of /proc/self/ns/pid; 0: not known */
};
static_assert(sizeof(struct registry_entry) == 256, "registry entry");

#define REGISTRY_BYTES (sizeof(struct registry_header) + REGISTRY_ENTRIES * sizeof(struct registry_entry))

#endif
