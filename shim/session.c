/* session.c — the session's files and the registry of processes. Rules: session.h.
 *
 * Bare system calls only, as process.c.
 */
#define _GNU_SOURCE
#include "shim/session.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "shim/platform/os.h"
#include "shim/process.h"

#define FUTEX_OWNER_DIED_BIT UINT32_C(0x40000000)

/* These survive a fork: they lead a child to its session. */
static char directory[SESSION_PATH_BYTES]; /* empty: not in one */
static char shim_path[SESSION_PATH_BYTES];
/* So do these mappings: a child in a jail can still be announced. */
static const struct control *session_control;
static struct registry_header *session_registry;

static size_t append(char *out, size_t at, const char *text) {
    while (*text && at + 1 < SESSION_PATH_BYTES)
        out[at++] = *text++;
    out[at] = 0;
    return at;
}

static size_t append_number(char *out, size_t at, uint64_t number) {
    char digits[21];
    int n = sizeof digits;
    digits[--n] = 0;
    do
        digits[--n] = (char)('0' + number % 10);
    while (number /= 10);
    return append(out, at, digits + n);
}

static void path_of(char *out, const char *file) {
    append(out, append(out, append(out, 0, directory), "/"), file);
}

void session_segment_path(char *out, uint32_t ticket) {
    path_of(out, SESSION_SEGMENT_FILE);
    append_number(out, strlen(out), ticket);
}

/* The session is where LD_PRELOAD found this library. */
bool session_find(void) {
    Dl_info info;
    if (directory[0])
        return true;
    if (!dladdr((void *)&session_find, &info) || !info.dli_fname || info.dli_fname[0] != '/')
        return false;
    if (strlen(info.dli_fname) + sizeof SESSION_SEGMENT_FILE + 20 > SESSION_PATH_BYTES)
        return false;
    append(shim_path, 0, info.dli_fname);
    size_t end = append(directory, 0, info.dli_fname);
    while (end > 0 && directory[end] != '/')
        end--;
    directory[end] = 0;
    return end > 0;
}

const char *session_shim_path(void) {
    return shim_path[0] ? shim_path : NULL;
}

bool session_is_out_of_reach(void) {
    char path[SESSION_PATH_BYTES];
    path_of(path, SESSION_CONTROL_FILE);
    int fd = os_open(path, OS_READ);
    if (fd >= 0)
        os_close(fd);
    return fd == -ENOENT || fd == -EACCES;
}

bool session_daemon_died(void) {
    const uint32_t *life = (const uint32_t *)process->control->life;
    return __atomic_load_n(life, __ATOMIC_ACQUIRE) & FUTEX_OWNER_DIED_BIT;
}

static void *map_session_file(const char *name, size_t bytes, bool writable) {
    char path[SESSION_PATH_BYTES];
    path_of(path, name);
    int fd = os_open(path, writable ? OS_READ_WRITE : OS_READ);
    if (fd < 0)
        return NULL;
    void *mapped = os_map_file(fd, 0, bytes, writable);
    os_close(fd);
    if (mapped)
        os_keep_over_fork(mapped, bytes);
    return mapped;
}

bool session_map(void) {
    if (!session_control)
        session_control = map_session_file(SESSION_CONTROL_FILE, CONTROL_BYTES, false);
    if (session_control && !session_registry)
        session_registry = map_session_file(SESSION_REGISTRY_FILE, REGISTRY_BYTES, true);
    if (!session_control || !session_registry)
        return false;
    process->control = session_control;
    process->registry = session_registry;
    return process->control->magic == CONTROL_MAGIC && process->control->version == SESSION_VERSION &&
           !process->control->stopped && !session_daemon_died() &&
           process->registry->magic == REGISTRY_MAGIC && process->registry->version == SESSION_VERSION &&
           process->registry->entries == REGISTRY_ENTRIES;
}

struct registry_entry *session_claim_entry(void) {
    struct registry_header *registry = process->registry;
    uint64_t pid_namespace = os_inode("/proc/self/ns/pid");
    uint32_t ticket = __atomic_fetch_add(&registry->next, 1, __ATOMIC_RELAXED);
    struct registry_entry *entry = (struct registry_entry *)(registry + 1) + ticket % REGISTRY_ENTRIES;
    uint32_t is_free = REGISTRY_FREE;
    if (!__atomic_compare_exchange_n(&entry->state, &is_free, REGISTRY_CLAIMED, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED)) {
        __atomic_fetch_add(&registry->refused, 1, __ATOMIC_RELAXED);
        return NULL;
    }
    entry->pid_namespace = pid_namespace;
    store_release(&entry->pid, os_pid());
    entry->parent_pid = os_parent_pid();
    entry->ticket = ticket;
    entry->reason = UNTRACED_NONE;
    entry->path_bytes = 0;
    return entry;
}

bool session_daemon_sleeps(void) {
    return __atomic_load_n(&process->registry->sleeping, __ATOMIC_SEQ_CST);
}

void session_ring_doorbell(void) {
    struct registry_header *registry = process->registry;
    __atomic_fetch_add(&registry->doorbell, 1,
                       __ATOMIC_SEQ_CST); /* for a daemon that is about to sleep, too */
    if (session_daemon_sleeps())
        os_wake(&registry->doorbell);
}

void session_publish_untraced(struct registry_entry *entry, enum untraced_reason reason, const char *path) {
    size_t length = strlen(path), kept = length < sizeof entry->path ? length : sizeof entry->path;
    memcpy(entry->path, path + length - kept, kept);
    entry->path_bytes = (uint32_t)kept;
    entry->reason = reason;
    store_release(&entry->state, REGISTRY_UNTRACED);
    session_ring_doorbell();
}

void session_announce_untraced(uint32_t pid, enum untraced_reason reason, const char *path) {
    /* A child between fork and exec has not attached, and need not for this. */
    if (!process || process->phase == PROCESS_OFF || (!process->registry && !session_map()))
        return;
    struct registry_entry *entry = session_claim_entry();
    if (!entry)
        return;
    if (os_is_silent()) {
        entry->pid = 0;
        entry->parent_pid = process->pid;
    } else if (entry->pid != pid) {
        entry->parent_pid = entry->pid;
        entry->pid = pid;
    }
    session_publish_untraced(entry, reason, path);
}
