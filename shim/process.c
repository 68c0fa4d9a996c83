/* process.c — attaching, the head of the segment, detaching. Rules: process.h.
 *
 * Runs inside malloc before main, and again in each forked child: bare system calls only.
 */
#define _GNU_SOURCE
#include "shim/process.h"

#include <errno.h>
#include <string.h>

#include "shim/areas.h"
#include "shim/modules.h"
#include "shim/platform/modules.h"
#include "shim/platform/os.h"
#include "shim/select.h"
#include "shim/session.h"
#include "shim/thread.h"
#include "shim/unwind/rules.h"

struct process *process;

/* These survive a fork: they lead a child to its parent. */
static uint32_t last_ticket;
static __thread uint64_t
    fork_serial; /* of the fork this thread is in the middle of, or comes from; 0: unknown */
static uint32_t fork_count;
static bool excluded; /* its forks are a part of it */

/* Field 22 of /proc/self/stat, counted after the command name, which may hold spaces and brackets. */
static uint64_t start_ticks(void) {
    char *stat = process->text;
    int64_t n = os_read_file("/proc/self/stat", stat, sizeof process->text - 1);
    if (n <= 0)
        return 0;
    stat[n] = 0;
    const char *at = strrchr(stat, ')');
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    uint64_t ticks = 0;
    for (at = at ? at + 1 : ""; *at >= '0' && *at <= '9'; at++)
        ticks = ticks * 10 + (uint64_t)(*at - '0');
    return ticks;
}

void *process_inherit(struct process_range *range, uint64_t bytes) {
    if (range->bytes >= bytes)
        return range->base;
    void *fresh = os_map_private(bytes);
    if (fresh)
        process_bequeath(range, fresh, bytes);
    return fresh;
}

static void fill_info(struct segment_header *header) {
    char *info = (char *)process->base + header->info_offset;
    int64_t n = os_read_link("/proc/self/exe", info, INFO_COMMAND - 1);
    header->executable_bytes = n > 0 ? (uint32_t)n : 0;
    n = os_read_file("/proc/self/cmdline", info + INFO_COMMAND, INFO_BYTES - INFO_COMMAND);
    header->command_bytes = n > 0 ? (uint32_t)n : 0;
}

static bool create_segment(void) {
    char path[SESSION_PATH_BYTES];
    session_segment_path(path, process->ticket);
    int fd = os_open(path, OS_CREATE_NEW);
    if (fd < 0)
        return false;
    struct segment_header header = {.magic = SEGMENT_MAGIC,
                                    .version = SEGMENT_VERSION,
                                    .ticket = process->ticket,
                                    .pid = os_pid(),
                                    .parent_pid = os_parent_pid(),
                                    .parent_ticket = last_ticket,
                                    .origin = last_ticket ? ORIGIN_FORK : ORIGIN_EXEC,
                                    .fork_serial = fork_serial,
                                    .started_ns = os_realtime_ns(),
                                    .start_ticks = start_ticks(),
                                    .nodes = STACK_FIRST_NODE,
                                    .python_codes = PYTHON_CODES_START};
    bool mapped = areas_map(fd, &header);
    os_close(fd);
    if (!mapped) {
        os_unlink(path);
        return false;
    }
    fill_info(&header);
    memcpy(process->segment, &header, sizeof header);
    process->own = header;
    return true;
}

static enum process_phase attach(void) {
    if (os_is_silent()) { /* the child of a sandbox */
        session_announce_untraced(0, UNTRACED_SANDBOX, program_invocation_name);
        return PROCESS_OFF;
    }
    if (!session_find() || !session_map())
        return PROCESS_OFF;
    if (excluded)
        return PROCESS_EXCLUDED;
    char *executable = process->executable;
    int64_t n = os_read_link("/proc/self/exe", executable, sizeof process->executable - 1);
    executable[n > 0 ? n : 0] = 0;
    excluded = !select_traces(process->control, executable);
    struct registry_entry *entry = session_claim_entry();
    if (excluded) {
        if (entry)
            session_publish_untraced(entry, UNTRACED_EXCLUDED, executable);
        return PROCESS_EXCLUDED;
    }
    if (!entry)
        return PROCESS_OFF;
    platform_forget_modules();
    rules_at_new_pc = modules_verify;
    process->pid = entry->pid;
    process->ticket = entry->ticket;
    if (!create_segment()) {
        enum untraced_reason reason = session_is_out_of_reach() ? UNTRACED_OUT_OF_REACH : UNTRACED_NO_SEGMENT;
        session_publish_untraced(entry, reason, executable);
        return PROCESS_OFF;
    }
    last_ticket = entry->ticket;
    process->announced_ms = os_monotonic_ms();
    process->announced_clock = load_relaxed(&process->control->clock);
    store_release(&entry->state, REGISTRY_TRACED);
    session_ring_doorbell();
    return PROCESS_TRACED;
}

bool process_start(void) {
    if (!process) {
        struct process *fresh = os_map_private(sizeof *fresh), *none = NULL;
        if (!fresh)
            return false;
        if (!__atomic_compare_exchange_n(&process, &none, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            os_unmap(fresh, sizeof *fresh);
    }
    uint32_t phase = PROCESS_NEW;
    uint64_t signals = os_hold_signals(); /* a handler could leave it half done for good, by longjmp */
    if (!__atomic_compare_exchange_n(&process->phase, &phase, PROCESS_STARTING, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        os_let_signals(signals);
        return phase == PROCESS_TRACED;
    }
    phase = attach();
    store_release(&process->phase, phase);
    os_let_signals(signals);
    return phase == PROCESS_TRACED;
}

bool process_is_over(void) {
    if (!process)
        return true;
    uint32_t phase = load_acquire(&process->phase);
    return phase == PROCESS_OFF ||
           (phase == PROCESS_EXCLUDED && (process->control->stopped || session_daemon_died()));
}

void process_detach(enum detach_reason reason) {
    uint32_t phase = PROCESS_TRACED;
    if (!__atomic_compare_exchange_n(&process->phase, &phase, PROCESS_OFF, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED))
        return;
    process->segment->detached = reason;
    for (uint32_t i = 0; i < RINGS_CAPACITY && i < process->own.rings; i++)
        if (process->threads[i])
            store_relaxed(&process->threads[i]->live, 0);
}

uint64_t process_fork_serial(void) {
    uint32_t count = __atomic_add_fetch(&fork_count, 1, __ATOMIC_RELAXED);
    return fork_serial = (uint64_t)os_pid() << 32 | count;
}

void process_forget_fork(void) {
    fork_serial = 0;
}

void process_exit_code(int code) {
    if (!process || process->phase != PROCESS_TRACED || process->pid != os_pid())
        return;
    os_resident(&process->segment->exit_rss_bytes, &process->segment->exit_peak_bytes);
    process->segment->exit_code = code;
    store_release(&process->segment->exited, 1);
}
