/* announced.c — process images whose announcement is still being written when its turn comes.
 *
 * usage: announced CASE
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test/native/writer.h"

#define HEAP UINT64_C(0x555555000000)

static struct registry_entry *entry_of(const struct writer *w) {
    return &w->stage->core->session.entries[w->ticket % REGISTRY_ENTRIES];
}

static void open_writer(struct writer *w, struct stage *stage, int pid) {
    struct writer_options options = {.pid = pid, .rings = 1, .ring_events = 4096, .nodes = 8};
    writer_open(w, stage, &options);
}

static void claim(const struct writer *w) {
    struct registry_entry *entry = entry_of(w);
    entry->pid = w->pid;
    entry->parent_pid = w->parent_pid;
    entry->ticket = w->ticket;
    __atomic_store_n(&entry->state, REGISTRY_CLAIMED, __ATOMIC_RELEASE);
}

static void complete(const struct writer *w) {
    __atomic_store_n(&entry_of(w)->state, REGISTRY_TRACED, __ATOMIC_RELEASE);
}

static void allocate(struct writer *w, uint32_t blocks) {
    for (uint32_t i = 0; i < blocks; i++)
        writer_alloc(w, 0, HEAP + i * 32, 10, 2);
    writer_publish(w, 0, UINT32_MAX);
}

/* A forked child attaches and executes between two looks: its two images must not be taken for each other. */
static void overtaken(struct stage *stage) {
    struct writer before, after;
    int pid = child_start();
    open_writer(&before, stage, pid);
    claim(&before);
    stage_pass(stage);
    complete(&before);
    allocate(&before, 5);
    open_writer(&after, stage, pid);
    claim(&after);
    complete(&after);
    stage_pass(stage);
    stage_pass(stage);
    allocate(&after, 100);
    child_kill(pid);
    for (int i = 0; i < 3; i++)
        stage_pass(stage);

    struct process_record first = stage_record(stage, 0), second = stage_record(stage, 1);
    CHECK_EQUAL(first.ticket, before.ticket, "ticket of the first image");
    CHECK_EQUAL(first.flags, PROCESS_EXECED, "flags of the first image");
    CHECK_EQUAL(first.allocations, 5, "allocations of the first image");
    CHECK_EQUAL(second.ticket, after.ticket, "ticket of the second image");
    CHECK_EQUAL(second.flags, 0, "flags of the second image");
    CHECK_EQUAL(second.allocations, 100, "allocations of the second image");
    writer_close(&before);
    writer_close(&after);
}

/* Once any announcement was late, two images of one pid that are ready at the same look still come in order.
 */
static void together(struct stage *stage) {
    struct writer late, before, after;
    int other = child_start(), pid = child_start();
    open_writer(&late, stage, other);
    claim(&late);
    stage_pass(stage);
    complete(&late);
    open_writer(&before, stage, pid);
    claim(&before);
    complete(&before);
    open_writer(&after, stage, pid);
    claim(&after);
    complete(&after);
    stage_pass(stage);
    allocate(&after, 100);
    child_kill(pid);
    child_kill(other);
    for (int i = 0; i < 3; i++)
        stage_pass(stage);

    struct process_record first = stage_record(stage, 1), second = stage_record(stage, 2);
    CHECK_EQUAL(first.ticket, before.ticket, "ticket of the first image");
    CHECK_EQUAL(first.flags, PROCESS_EXECED, "flags of the first image");
    CHECK_EQUAL(second.ticket, after.ticket, "ticket of the second image");
    CHECK_EQUAL(second.flags, 0, "flags of the second image");
    CHECK_EQUAL(second.allocations, 100, "allocations of the second image");
    writer_close(&late);
    writer_close(&before);
    writer_close(&after);
}

/* The second image was passed while it announced itself, and was over before anybody looked back. */
static void brief(struct stage *stage) {
    struct writer before, after;
    int pid = child_start();
    open_writer(&before, stage, pid);
    claim(&before);
    complete(&before);
    stage_pass(stage);
    open_writer(&after, stage, pid);
    claim(&after);
    stage_pass(stage);
    complete(&after);
    allocate(&after, 100);
    child_kill(pid);
    stage->core->session.swept_us = monotonic_us(); /* no time has passed */
    stage_pass(stage);
    stage_pass(stage);
    struct process_record first = stage_record(stage, 0), second = stage_record(stage, 1);
    CHECK_EQUAL(first.flags, PROCESS_EXECED, "flags of the first image");
    CHECK_EQUAL(second.ticket, after.ticket, "ticket of the second image");
    CHECK_EQUAL(second.allocations, 100, "allocations of the second image");
    writer_close(&before);
    writer_close(&after);
}

/* It took long to write its announcement, and the session ends soon after. */
static void late(struct stage *stage) {
    struct writer w;
    int pid = child_start();
    open_writer(&w, stage, pid);
    claim(&w);
    do
        usleep(3000), stage_pass(stage);
    while (stage->core->session.impatient);
    complete(&w);
    allocate(&w, 100);
    child_kill(pid);
    core_stop(stage->core);
    stage_pass(stage);
    struct process_record r = stage_record(stage, 0);
    CHECK_EQUAL(r.state, PROCESS_ENDED, "state");
    CHECK_EQUAL(r.allocations, 100, "allocations");
    writer_close(&w);
}

/* Looks at all entries again, as it does twice a second. */
static void sweep(struct stage *stage) {
    stage->core->session.swept_us = 0;
    stage_pass(stage);
}

/* The writer's pid is one of its own namespace; here nobody has it. It lives all the same. */
static void stranger(struct stage *stage) {
    struct writer w;
    open_writer(&w, stage, dead_pid());
    claim(&w);
    entry_of(&w)->pid_namespace = stage->core->session.pid_namespace + 1;
    for (int i = 0; i < 3; i++)
        sweep(stage);
    complete(&w);
    allocate(&w, 100);
    sweep(stage);
    stage_settle(stage);
    CHECK_EQUAL(stage_record(stage, 0).allocations, 100, "allocations");
    writer_close(&w);
}

/* Of one of the daemon's own namespace it is known that it died in the middle. */
static void died(struct stage *stage) {
    struct writer w;
    open_writer(&w, stage, dead_pid());
    claim(&w);
    entry_of(&w)->pid_namespace = stage->core->session.pid_namespace;
    sweep(stage);
    CHECK_EQUAL(entry_of(&w)->state, REGISTRY_FREE, "state of the entry");
    writer_close(&w);
}

/* In a namespace of its own it has the number of another traced process, and is gone before anybody looks. */
static void namesake(struct stage *stage) {
    struct writer here, there;
    int pid = child_start();
    open_writer(&here, stage, pid);
    writer_announce(&here);
    open_writer(&there, stage, pid);
    claim(&there);
    entry_of(&there)->pid_namespace = stage->core->session.pid_namespace + 1;
    complete(&there);
    allocate(&there, 7);
    stage_settle(stage);
    allocate(&here, 100);
    stage_settle(stage);
    child_kill(pid);
    stage_settle(stage);
    struct process_record first = stage_record(stage, 0), second = stage_record(stage, 1);
    CHECK_EQUAL(first.flags, 0, "flags of the one here");
    CHECK_EQUAL(first.allocations, 100, "allocations of the one here");
    CHECK_EQUAL(second.state, PROCESS_ENDED, "state of the other");
    CHECK_EQUAL(second.allocations, 7, "allocations of the other");
    CHECK_EQUAL(second.pid, 0, "pid here of the other");
    CHECK_EQUAL(second.own_pid, pid, "pid of the other");
    writer_close(&here);
    writer_close(&there);
}

/* Its segment is where the daemon cannot see it. */
static void elsewhere(struct stage *stage) {
    struct writer w;
    char path[128];
    int pid = child_start();
    open_writer(&w, stage, pid);
    snprintf(path, sizeof path, "%s/segment.%u", stage->directory, w.ticket);
    CHECK(!unlink(path), "%s", path);
    writer_announce(&w);
    struct process_record r = stage_record(stage, 0);
    CHECK_EQUAL(r.flags, PROCESS_CORRUPT | PROCESS_UNREAD, "flags");
    CHECK_EQUAL(r.unread_error, ENOENT, "error");
    CHECK_EQUAL(w.header->adopted, 0, "adopted");
    child_kill(pid);
    writer_close(&w);
}

/* For a moment the daemon has no descriptor left. */
static void scarce(struct stage *stage) {
    struct writer w;
    struct rlimit none = {0}, some;
    int pid = child_start();
    CHECK(!getrlimit(RLIMIT_NOFILE, &some), "limit");
    none.rlim_max = some.rlim_max;
    open_writer(&w, stage, pid);
    claim(&w);
    complete(&w);
    CHECK(!setrlimit(RLIMIT_NOFILE, &none), "limit");
    stage_pass(stage);
    CHECK_EQUAL(stage->core->count, 0, "processes meanwhile");
    CHECK_EQUAL(w.header->adopted, 0, "adopted meanwhile");
    CHECK(!setrlimit(RLIMIT_NOFILE, &some), "limit");
    stage_pass(stage);
    CHECK_EQUAL(w.header->adopted, 1, "adopted");
    allocate(&w, 100);
    stage_settle(stage);
    CHECK_EQUAL(stage_record(stage, 0).allocations, 100, "allocations");

    /* And then for good: who is not read is told so, as far as it can be. */
    struct writer never;
    open_writer(&never, stage, pid);
    claim(&never);
    complete(&never);
    CHECK(!setrlimit(RLIMIT_NOFILE, &none), "limit");
    stage_pass(stage);
    stage->core->scarce_us = 1;
    stage_pass(stage);
    CHECK(!setrlimit(RLIMIT_NOFILE, &some), "limit");
    struct process_record r = stage_record(stage, 1);
    CHECK_EQUAL(r.flags, PROCESS_CORRUPT | PROCESS_UNREAD, "flags");
    CHECK_EQUAL(r.unread_error, EMFILE, "error");
    child_kill(pid);
    writer_close(&w);
    writer_close(&never);
}

int main(int argc, char **argv) {
    const char *which = argc > 1 ? argv[1] : "";
    struct stage stage;
    stage_open(&stage);
    if (!strcmp(which, "overtaken"))
        overtaken(&stage);
    else if (!strcmp(which, "together"))
        together(&stage);
    else if (!strcmp(which, "brief"))
        brief(&stage);
    else if (!strcmp(which, "late"))
        late(&stage);
    else if (!strcmp(which, "stranger"))
        stranger(&stage);
    else if (!strcmp(which, "died"))
        died(&stage);
    else if (!strcmp(which, "namesake"))
        namesake(&stage);
    else if (!strcmp(which, "elsewhere"))
        elsewhere(&stage);
    else if (!strcmp(which, "scarce"))
        scarce(&stage);
    else
        CHECK(false, "no such case");
    stage_close(&stage);
    return 0;
}
