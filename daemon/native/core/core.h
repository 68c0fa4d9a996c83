/* core.h — one tracing session: its processes and the rounds that read them.
 *
 * Two threads use it: one drains (core_drain), the others ask (export.c). All of `struct core` belongs to who
 * holds `state`; the drain lets go of it between processes and while it sleeps.
 */
#ifndef MEMTRACE_CORE_CORE_H
#define MEMTRACE_CORE_CORE_H

#include <pthread.h>

#include "daemon/native/core/archive.h"
#include "daemon/native/core/process.h"
#include "daemon/native/core/session.h"

/* Indexes of processes. */
struct index_list {
    uint32_t *items;
    uint32_t count;
    uint32_t capacity;
};

struct core {
    pthread_mutex_t state;
    uint32_t asking;          /* atomic: threads that wait for `state` */
    pthread_mutex_t draining; /* held during core_drain; taken before `state` */
    uint32_t closing;         /* atomic */
    uint32_t hurry;           /* atomic; 1: the drain under way ends with its next round */
    uint32_t enough;          /* atomic; 1: the drain under way ends with the present one */

    struct session session;
    struct archive archive; /* of those that have ended */
    struct process **processes;
    uint32_t count;
    uint32_t capacity;
    struct index_list active;   /* run, or have not been read to their end */
    struct index_list reports;  /* to be reported: changed, or may change, since the last report */
    struct index_list heirs;    /* wait for what their parent held when it forked */
    struct registry_entry next; /* the announcement whose turn it is */
    bool is_held;               /* it waits for memory or descriptors, and all others for it */
    uint64_t scarce_us;         /* since when there are none; 0: there are */
    int epoll;                  /* of the pidfds of active processes; -1: none */

    uint32_t sleep_us; /* present pause between rounds */
    uint64_t housekept_us;
    uint64_t trimmed_us;
};

/* Takes `state` on behalf of a thread that asks: the drain lets it go soon. */
void core_lock(struct core *core);
void core_unlock(struct core *core);

/* One round over everything; the caller holds `state`. Returns how many events it took; `fullness` is the
 * backlog of the fullest ring when the round met it, in 1/256 of its size. */
uint64_t core_pass(struct core *core, uint32_t *fullness);

bool index_list_add(struct index_list *list, uint32_t index);
void index_list_remove_at(struct index_list *list, uint32_t position);

#endif
