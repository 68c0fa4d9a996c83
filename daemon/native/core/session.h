/* session.h — the files that all processes of a session share (proto/session.h): made, held and closed. */
#ifndef MEMTRACE_CORE_SESSION_H
#define MEMTRACE_CORE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/session.h"

struct session {
    int directory;
    struct control *control;
    struct registry_header *registry;
    struct registry_entry *entries;
    uint64_t pid_namespace;  /* of the daemon; 0: not known */
    uint32_t seen;           /* the next ticket to look at */
    uint64_t swept_us;       /* when all entries were last looked at */
    uint64_t looked_back_us; /* … and those that had been passed over */
    uint32_t impatient;      /* sweeps that should come soon: an announcement is being written */
    uint32_t passed_over;    /* how many were not ready when their turn came, and have not come since */
    uint32_t passed_from;    /* the first of those */
};

/* Makes and maps both files in `directory`; the calling thread's life is the session's life sign.
 * NULL on success, else what could not be done (errno says why). */
const char *session_create(struct session *session, const char *directory, uint32_t on_full);

/* Copies the next announced process image, checked, and frees its entry; false when there is none now. */
bool session_next_announcement(struct session *session, uint64_t now_us, struct registry_entry *entry);
/* Announcements that were begun when they were passed are looked for at the next call, not some time later.
 */
void session_look_back(struct session *session);

/* Counts an announced image that cannot be followed, and tells it so. */
void session_refuse(struct session *session, const struct registry_entry *entry);

/* Sleeps at the doorbell for at most `us`; not at all where it has rung since it was heard. Who hears before
 * he looks at the rings misses nobody who comes just after that. */
uint32_t session_heard(const struct session *session);
void session_sleep(struct session *session, uint32_t heard, uint32_t us);
void session_ring(struct session *session);

/* Shims detach for good. */
void session_stop(struct session *session);
/* Unmaps; gives the life sign up when called by the thread that made it. */
void session_close(struct session *session);

#endif
