/* session.c — see session.h. */
#define _GNU_SOURCE
#include "daemon/native/core/session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "daemon/native/core/segment.h"

#define SWEEP_US         500000
#define SWEEP_SOON_US    2000
#define SWEEPS_IMPATIENT 20

static_assert(sizeof(pthread_mutex_t) <= sizeof(((struct control *)0)->life), "room for the life sign");

static pthread_mutex_t *life_sign(const struct session *session) {
    return (pthread_mutex_t *)session->control->life;
}

/* A new file of this size, with all of its pages there, mapped. NULL with errno. */
static void *create_file(int directory, const char *name, size_t bytes) {
    int fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return NULL;
    void *base = NULL;
    int error = posix_fallocate(fd, 0, (off_t)bytes);
    if (!error) {
        base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (base == MAP_FAILED) {
            base = NULL;
            error = errno;
        }
    }
    close(fd);
    if (base)
        return base;
    unlinkat(directory, name, 0);
    errno = error;
    return NULL;
}

static bool hold_life_sign(struct session *session) {
    pthread_mutexattr_t attributes;
    if (pthread_mutexattr_init(&attributes))
        return false;
    bool held = !pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) &&
                !pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) &&
                !pthread_mutex_init(life_sign(session), &attributes) &&
                !pthread_mutex_lock(life_sign(session));
    pthread_mutexattr_destroy(&attributes);
    return held;
}

static uint64_t own_pid_namespace(void) {
    struct stat status;
    return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

const char *session_create(struct session *session, const char *directory, uint32_t on_full) {
    *session = (struct session){.seen = 1, .pid_namespace = own_pid_namespace()};
    session->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (session->directory < 0)
        return "the session directory cannot be opened";
    session->control = create_file(session->directory, SESSION_CONTROL_FILE, CONTROL_BYTES);
    if (!session->control)
        return "the control page cannot be made";
    session->registry = create_file(session->directory, SESSION_REGISTRY_FILE, REGISTRY_BYTES);
    if (!session->registry)
        return "the registry cannot be made";
    session->entries = (struct registry_entry *)(session->registry + 1);
    if (!hold_life_sign(session))
        return "the life sign cannot be held";

    session->registry->version = SESSION_VERSION;
    session->registry->entries = REGISTRY_ENTRIES;
    session->registry->next = 1;
    __atomic_store_n(&session->registry->magic, REGISTRY_MAGIC, __ATOMIC_RELEASE);
    session->control->version = SESSION_VERSION;
    session->control->on_full = on_full;
    session->control->clock = 1;
    __atomic_store_n(&session->control->magic, CONTROL_MAGIC, __ATOMIC_RELEASE);
    return NULL;
}

/* The pid goes first: a stale one must not be taken for that of the next writer. */
static void free_entry(struct registry_entry *entry) {
    __atomic_store_n(&entry->pid, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&entry->state, REGISTRY_FREE, __ATOMIC_RELEASE);
}

/* Of one who counts pids as another namespace does nothing is known: its entry waits for it, and stays taken
 * should it have died. The entry of a writer that lives must never be given to another. */
static bool is_writer_dead(const struct session *session, const struct registry_entry *entry) {
    pid_t pid = (pid_t)__atomic_load_n(&entry->pid, __ATOMIC_ACQUIRE);
    return pid > 0 && session->pid_namespace && entry->pid_namespace == session->pid_namespace &&
           kill(pid, 0) && errno == ESRCH;
}

/* Copies an entry that is ready and frees it. An entry whose writer died in the middle is freed as well. */
static bool take_entry(const struct session *session, struct registry_entry *source,
                       struct registry_entry *entry) {
    uint32_t state = __atomic_load_n(&source->state, __ATOMIC_ACQUIRE);
    if (state == REGISTRY_FREE)
        return false;
    if (state == REGISTRY_CLAIMED) {
        if (is_writer_dead(session, source))
            free_entry(source);
        return false;
    }
    memcpy(entry, source, sizeof *entry);
    entry->state = state;
    if (entry->path_bytes > sizeof entry->path)
        entry->path_bytes = sizeof entry->path;
    if (!entry->pid_namespace) /* it has no /proc */
        entry->pid_namespace = session->pid_namespace;
    free_entry(source);
    return state == REGISTRY_UNTRACED || (state == REGISTRY_TRACED && entry->pid);
}

static bool is_ready(const struct registry_entry *entry) {
    return __atomic_load_n(&entry->state, __ATOMIC_ACQUIRE) > REGISTRY_CLAIMED;
}

/* Its turn is still to come: the ring has come round, the slot of a ticket long past is that of a new one. */
static bool is_ahead(const struct session *session, const struct registry_entry *entry) {
    return is_ready(entry) && (int32_t)(entry->ticket - session->seen) >= 0;
}

static bool is_free(const struct registry_entry *entry) {
    return __atomic_load_n(&entry->state, __ATOMIC_ACQUIRE) == REGISTRY_FREE;
}

static uint32_t oldest(const struct session *session) {
    return session->seen - REGISTRY_ENTRIES + 1;
}

static uint32_t oldest_passed_over(const struct session *session) {
    bool is_there = (int32_t)(session->passed_from - oldest(session)) > 0;
    return is_there ? session->passed_from : oldest(session);
}

/* Any entry that is ready among those from `ticket` on and before `seen`, the oldest first. */
static bool sweep(struct session *session, uint32_t ticket, struct registry_entry *entry) {
    for (; ticket != session->seen; ticket++) {
        struct registry_entry *source = &session->entries[ticket % REGISTRY_ENTRIES];
        if (is_free(source) || is_ahead(session, source))
            continue;
        bool taken = take_entry(session, source, entry);
        if (is_free(source) && session->passed_over)
            session->passed_over--;
        if (taken)
            return true;
    }
    return false;
}

/* Images of one pid must come in order: the later one ends the former. Whoever announced its image after an
 * exec had announced the one before it, so that once a later entry is seen to be ready, a look at those that
 * were passed over finds the earlier one. */
void session_look_back(struct session *session) {
    if (!session->passed_over)
        return;
    session->looked_back_us = 0;
    if (!session->impatient)
        session->impatient = 1;
}

static void pass_over(struct session *session, uint32_t count) {
    if (!session->passed_over)
        session->passed_from = session->seen;
    session->passed_over += count;
}

bool session_next_announcement(struct session *session, uint64_t now_us, struct registry_entry *entry) {
    uint32_t next = __atomic_load_n(&session->registry->next, __ATOMIC_ACQUIRE);
    if (next - session->seen > REGISTRY_ENTRIES) {
        pass_over(session, next - session->seen - REGISTRY_ENTRIES);
        session->seen = next - REGISTRY_ENTRIES;
    }
    for (; session->seen != next; session->seen++) {
        struct registry_entry *source = &session->entries[session->seen % REGISTRY_ENTRIES];
        if (!is_ready(source)) {
            session->impatient = SWEEPS_IMPATIENT; /* a sweep finds it */
            pass_over(session, 1);
            continue;
        }
        if (session->passed_over && sweep(session, oldest_passed_over(session), entry))
            return true;
        if (take_entry(session, source, entry)) {
            session->seen++;
            return true;
        }
    }
    bool is_last_chance = __atomic_load_n(&session->control->stopped, __ATOMIC_RELAXED);
    bool all = is_last_chance || now_us - session->swept_us >= SWEEP_US;
    bool soon =
        session->passed_over && session->impatient && now_us - session->looked_back_us >= SWEEP_SOON_US;
    if (!all && !soon)
        return false;
    if (sweep(session, all ? oldest(session) : oldest_passed_over(session), entry))
        return true;
    session->looked_back_us = now_us;
    if (all)
        session->swept_us = now_us;
    if (session->impatient)
        session->impatient--;
    return false;
}

void session_refuse(struct session *session, const struct registry_entry *entry) {
    __atomic_fetch_add(&session->registry->refused, 1, __ATOMIC_RELAXED);
    if (entry->state == REGISTRY_TRACED)
        segment_disown(session->directory, entry->ticket);
}

uint32_t session_heard(const struct session *session) {
    return __atomic_load_n(&session->registry->doorbell, __ATOMIC_SEQ_CST);
}

void session_sleep(struct session *session, uint32_t heard, uint32_t us) {
    struct registry_header *registry = session->registry;
    __atomic_store_n(&registry->sleeping, 1, __ATOMIC_SEQ_CST);
    struct timespec wait = {us / 1000000, (long)(us % 1000000) * 1000};
    syscall(SYS_futex, &registry->doorbell, FUTEX_WAIT, heard, &wait, NULL, 0);
    __atomic_store_n(&registry->sleeping, 0, __ATOMIC_RELAXED);
}

void session_ring(struct session *session) {
    __atomic_fetch_add(&session->registry->doorbell, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &session->registry->doorbell, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void session_stop(struct session *session) {
    __atomic_store_n(&session->control->stopped, 1, __ATOMIC_RELEASE);
}

void session_close(struct session *session) {
    if (session->control) {
        pthread_mutex_unlock(life_sign(session));
        munmap(session->control, CONTROL_BYTES);
    }
    if (session->registry)
        munmap(session->registry, REGISTRY_BYTES);
    if (session->directory >= 0)
        close(session->directory);
    *session = (struct session){.directory = -1};
}
