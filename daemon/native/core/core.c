/* core.c — a round: new processes, events, ended processes. See core.h. */
#define _GNU_SOURCE
#include "daemon/native/core/core.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "daemon/native/core/ledger.h"

#define HOUSEKEEPING_US 100000
#define OVERDUE_US      2000000 /* an event waits so long for a missing ticket */
#define SCARCE_US       3000000 /* how long an image waits for memory or descriptors: it waits for less long */
#define TRIM_US         10000000 /* how often the shadow of dead heap is given back */

void core_lock(struct core *core) {
    __atomic_fetch_add(&core->asking, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_lock(&core->state);
    __atomic_fetch_sub(&core->asking, 1, __ATOMIC_SEQ_CST);
}

void core_unlock(struct core *core) {
    pthread_mutex_unlock(&core->state);
}

/* Lets those go first who ask. */
static void let_ask(struct core *core) {
    if (likely(!__atomic_load_n(&core->asking, __ATOMIC_RELAXED)))
        return;
    pthread_mutex_unlock(&core->state);
    while (__atomic_load_n(&core->asking, __ATOMIC_RELAXED))
        sched_yield();
    pthread_mutex_lock(&core->state);
}

bool index_list_add(struct index_list *list, uint32_t index) {
    if (!array_reserve(&list->items, &list->capacity, (uint64_t)list->count + 1, sizeof *list->items))
        return false;
    list->items[list->count++] = index;
    return true;
}

void index_list_remove_at(struct index_list *list, uint32_t position) {
    list->items[position] = list->items[--list->count];
}

static void report_again(struct core *core, struct process *process) {
    if (!process->in_reports)
        process->in_reports = index_list_add(&core->reports, process->record.index);
}

/* Of those that run first: of a long build that are few, and a parent mostly does. */
static struct process *by_ticket(const struct core *core, uint32_t ticket) {
    for (uint32_t i = core->active.count; ticket && i-- > 0;) {
        struct process *process = core->processes[core->active.items[i]];
        if (process->record.ticket == ticket)
            return process;
    }
    for (uint32_t i = core->count; ticket && i-- > 0;) {
        if (core->processes[i]->record.ticket == ticket)
            return core->processes[i];
    }
    return NULL;
}

/* The image that ran in this pid until now, if there is one. */
static void replace_former_image(struct core *core, struct process *process) {
    if (!process->record.own_pid)
        return;
    for (uint32_t i = 0; i < core->active.count; i++) {
        struct process *former = core->processes[core->active.items[i]];
        if (former == process || !process_is_same(former, process))
            continue;
        if (!process->record.pid)
            process->record.pid = former->record.pid;
        if (process->record.state == PROCESS_UNTRACED) {
            former->exec_expected = true; /* announced before the exec, which may fail */
            continue;
        }
        uint64_t ticks = process->segment.fixed.start_ticks, before = former->segment.fixed.start_ticks;
        if (former->record.state == PROCESS_RUNNING && (!ticks || !before || ticks == before))
            former->record.flags |= PROCESS_EXECED;
        former->gone = true;
    }
}

static void watch(struct core *core, struct process *process) {
    if (!process->record.pid) {
        process->gone = true; /* it is not known when a nameless one ends */
        return;
    }
    process->gone = !process_watch(process, core->session.pid_namespace);
    if (process->pidfd < 0)
        return;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = process->record.index};
    if (core->epoll < 0 || epoll_ctl(core->epoll, EPOLL_CTL_ADD, process->pidfd, &event)) {
        close(process->pidfd);
        process->pidfd = -1;
    }
}

/* False: there is no memory for it now, or no descriptor; never when it is the last try. */
static bool welcome(struct core *core, const struct registry_entry *entry, bool last) {
    struct index_list *active = &core->active;
    struct process *process = NULL;
    if (array_reserve(&core->processes, &core->capacity, (uint64_t)core->count + 1,
                      sizeof *core->processes) &&
        array_reserve(&active->items, &active->capacity, (uint64_t)active->count + 1, sizeof *active->items))
        process = process_create(core->count, entry, core->session.directory, last);
    if (!process && last)
        session_refuse(&core->session, entry);
    if (!process)
        return last;
    if (!(process->record.flags & PROCESS_UNREAD))
        core->scarce_us = 0;
    core->processes[core->count++] = process;
    report_again(core, process);
    struct process *parent =
        process->record.origin == ORIGIN_FORK ? by_ticket(core, process->segment.fixed.parent_ticket) : NULL;
    if (parent && parent != process) {
        process->record.parent_index = parent->record.index;
        if (process->inherits)
            index_list_add(&core->heirs, process->record.index);
    }
    watch(core, process); /* which finds its pid here */
    replace_former_image(core, process);
    index_list_add(active, process->record.index);
    return true;
}

/* Where one was given up for want of something, the next does not wait anew. */
static void welcome_all(struct core *core, uint64_t now_us) {
    bool stopped = __atomic_load_n(&core->session.control->stopped, __ATOMIC_RELAXED);
    while (core->is_held || session_next_announcement(&core->session, now_us, &core->next)) {
        bool last = stopped || (core->scarce_us && now_us - core->scarce_us >= SCARCE_US);
        core->is_held = !welcome(core, &core->next, last);
        if (core->is_held && !core->scarce_us)
            core->scarce_us = now_us;
        if (core->is_held)
            return;
    }
}

/* Looks for what a forked child inherited; false when it may still become known. */
static bool settle_inheritance(struct core *core, struct process *child) {
    struct process *parent = core->processes[child->record.parent_index];
    struct fork_point point;
    if (process_take_fork(parent, child->segment.fixed.fork_serial, &point)) {
        child->record.inherited_blocks = point.blocks;
        child->record.inherited_bytes = point.bytes;
        report_again(core, child);
        return true;
    }
    return parent->record.state == PROCESS_ENDED;
}

static void settle_heirs(struct core *core) {
    for (uint32_t i = core->heirs.count; i-- > 0;) {
        if (settle_inheritance(core, core->processes[core->heirs.items[i]]))
            index_list_remove_at(&core->heirs, i);
    }
}

static void notice_ends(struct core *core) {
    struct epoll_event events[64];
    int count;
    do {
        count = core->epoll < 0 ? 0 : epoll_wait(core->epoll, events, 64, 0);
        for (int i = 0; i < count; i++) {
            struct process *process = core->processes[events[i].data.u32];
            process->gone = true;
            epoll_ctl(core->epoll, EPOLL_CTL_DEL, process->pidfd, NULL);
        }
        if (count > 0)
            session_look_back(&core->session);
    } while (count == 64);
}

/* Did the announced exec happen? */
static void check_exec(struct process *process) {
    char path[32], executable[4096];
    snprintf(path, sizeof path, "/proc/%u/exe", process->record.pid);
    ssize_t bytes = readlink(path, executable, sizeof executable);
    if (bytes <= 0 || !process->segment.base)
        return;
    uint32_t known = process->segment.fixed.executable_bytes;
    segment_enter(&process->segment);
    bool same = (size_t)bytes == known && !memcmp(executable, process->segment.executable, known);
    segment_leave(&process->segment);
    if (same)
        return;
    process->record.flags |= PROCESS_EXECED;
    process->gone = true;
}

/* What needs no haste. */
static void housekeep(struct process *process, bool trim) {
    if (process->pidfd < 0 && !process->gone && process->record.pid)
        process->gone = !process_runs(process);
    if (process->exec_expected && !process->gone)
        check_exec(process);
    if (trim)
        blocks_trim(&process->blocks), blocks_trim(&process->python_blocks);
}

static void give_up_overdue(struct process *process, uint64_t now_us) {
    if (likely(!process->order.count) || now_us < OVERDUE_US)
        return;
    uint64_t drained = rings_all_drained_us(process), overdue = now_us - OVERDUE_US;
    ledger_give_up(process, drained < overdue ? drained : overdue);
}

static void read_process(struct process *process, struct pass *pass, bool housekeeping) {
    if (!process->segment.base)
        return;
    pass->to_the_end = process->gone;
    segment_enter(&process->segment);
    rings_read(process, pass);
    if (process->segment.damaged)
        process_corrupt(process);
    if (process_is_corrupt(process))
        process_abandon(process);
    if (housekeeping && !process_is_corrupt(process))
        give_up_overdue(process, pass->now_us);
    if (!segment_leave(&process->segment))
        process_corrupt(process);
    if (process->peak_seen != process->sites.gauge[SITE_HEAP].epoch) {
        process->peak_seen = process->sites.gauge[SITE_HEAP].epoch;
        process->record.peak_ns = session_ns();
    }
}

/* Its process is gone and its rings have been read since. */
static void finish(struct core *core, struct process *process) {
    if (process->record.state == PROCESS_UNTRACED) {
        process->record.ended_ns = session_ns();
        if (process->pidfd >= 0)
            close(process->pidfd);
        process->pidfd = -1;
    } else {
        process_end(process, &core->archive, core->session.directory);
        /* It announced an exec and left no word of its own: the other program was over before anybody looked.
         */
        if (process->exec_expected && !process->segment.fixed.exited)
            process->record.flags |= PROCESS_EXECED;
    }
    report_again(core, process);
}

uint64_t core_pass(struct core *core, uint32_t *fullness) {
    struct pass pass = {.now_us = monotonic_us(),
                        .rings_grow = core->session.control->on_full == ON_FULL_WAIT};
    /* First: who has ended has announced what it became, which is welcome before it is finished. */
    notice_ends(core);
    welcome_all(core, pass.now_us);

    bool housekeeping = pass.now_us - core->housekept_us >= HOUSEKEEPING_US;
    bool trim = pass.now_us - core->trimmed_us >= TRIM_US;
    if (housekeeping)
        core->housekept_us = pass.now_us;
    if (trim)
        core->trimmed_us = pass.now_us;

    pass.clock = __atomic_add_fetch(&core->session.control->clock, 1, __ATOMIC_SEQ_CST);
    for (uint32_t i = core->active.count; i-- > 0;) {
        struct process *process = core->processes[core->active.items[i]];
        if (housekeeping)
            housekeep(process, trim);
        bool gone = process->gone; /* known before its rings are read: they are final */
        read_process(process, &pass, housekeeping);
        if (gone) {
            finish(core, process);
            index_list_remove_at(&core->active, i);
        }
        let_ask(core);
    }
    settle_heirs(core);
    *fullness = pass.fullness;
    return pass.events;
}
