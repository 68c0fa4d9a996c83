/* segment.c — see segment.h. */
#define _GNU_SOURCE
#include "daemon/native/core/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/native/core/guard.h"
#include "daemon/native/core/memory.h"
#include "proto/session.h"

#define HOLE_PATIENCE_US 1000000
#define NODES_AT_ONCE    (UINT32_C(1) << 16) /* more new ones than this are looked at twice */

static const struct segment_header *live_header(const struct segment *segment) {
    return (const struct segment_header *)segment->base;
}

/* A count in the header, never more than there is room for. */
static uint32_t count_of(const uint32_t *count, uint32_t capacity) {
    uint32_t value = __atomic_load_n(count, __ATOMIC_ACQUIRE);
    return value < capacity ? value : capacity;
}

static bool area_fits(const struct segment *segment, uint64_t offset, uint64_t items, uint64_t item_bytes) {
    return offset % 8 == 0 && offset >= sizeof(struct segment_header) && offset <= segment->bytes &&
           items <= (segment->bytes - offset) / item_bytes;
}

static bool is_plausible(const struct segment *segment, uint32_t ticket) {
    const struct segment_header *h = &segment->fixed;
    return h->magic == SEGMENT_MAGIC && h->version == SEGMENT_VERSION && h->ticket == ticket &&
           h->modules_capacity <= MODULES_CAPACITY && h->strings_bytes <= UINT32_C(1) << 30 &&
           h->rings_capacity <= RINGS_CAPACITY && h->nodes_capacity <= NODES_CAPACITY &&
           h->nodes_capacity >= STACK_FIRST_NODE && h->executable_bytes <= INFO_COMMAND &&
           h->command_bytes <= INFO_BYTES - INFO_COMMAND &&
           area_fits(segment, h->info_offset, INFO_BYTES, 1) &&
           area_fits(segment, h->modules_offset, h->modules_capacity, sizeof(struct module)) &&
           area_fits(segment, h->strings_offset, h->strings_bytes, 1) &&
           area_fits(segment, h->rings_offset, h->rings_capacity, sizeof(struct ring)) &&
           area_fits(segment, h->nodes_offset, h->nodes_capacity, sizeof(struct node)) &&
           (!h->python_codes_offset ||
            area_fits(segment, h->python_codes_offset, h->python_codes_bytes, 1)) &&
           area_fits(segment, h->events_offset, h->rings_capacity, RING_BYTES);
}

static int open_segment(int directory, uint32_t ticket) {
    char name[32];
    snprintf(name, sizeof name, "%s%u", SESSION_SEGMENT_FILE, ticket);
    return openat(directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* Without a mapping, which may be what cannot be had. */
void segment_disown(int directory, uint32_t ticket) {
    const uint32_t abandoned = 1;
    const off_t at = offsetof(struct segment_header, abandoned);
    int fd = open_segment(directory, ticket);
    if (fd < 0)
        return; /* the program finds out by itself that nobody comes */
    ssize_t written = pwrite(fd, &abandoned, sizeof abandoned, at);
    (void)written; /* where it is too short for that, the program does not wait either */
    close(fd);
}

static enum segment_attached map_file(struct segment *segment, int fd) {
    struct stat status;
    if (fstat(fd, &status) || !S_ISREG(status.st_mode) ||
        (uint64_t)status.st_size < sizeof(struct segment_header))
        return SEGMENT_BAD;
    void *base = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED)
        return SEGMENT_OUT_OF_REACH;
    segment->base = base;
    segment->bytes = (size_t)status.st_size;
    return SEGMENT_ATTACHED;
}

enum segment_attached segment_attach(struct segment *segment, int directory, uint32_t ticket) {
    *segment = (struct segment){.directory = directory};
    int fd = open_segment(directory, ticket);
    if (fd < 0)
        return SEGMENT_OUT_OF_REACH;
    enum segment_attached result = map_file(segment, fd);
    int error = errno;
    close(fd);
    errno = error;
    if (result != SEGMENT_ATTACHED)
        return result;

    segment_enter(segment);
    memcpy(&segment->fixed, segment->base, sizeof segment->fixed);
    bool plausible = is_plausible(segment, ticket);
    if (plausible)
        __atomic_store_n(&((struct segment_header *)segment->base)->adopted, 1, __ATOMIC_RELEASE);
    if (!segment_leave(segment) || !plausible) {
        segment_free(segment);
        return SEGMENT_BAD;
    }
    segment->nodes = (const void *)(segment->base + segment->fixed.nodes_offset);
    segment->modules = (const void *)(segment->base + segment->fixed.modules_offset);
    segment->strings = segment->base + segment->fixed.strings_offset;
    segment->executable = segment->base + segment->fixed.info_offset;
    segment->command = segment->executable + INFO_COMMAND;
    segment->python_codes = segment->base + segment->fixed.python_codes_offset;
    return SEGMENT_ATTACHED;
}

void segment_enter(const struct segment *segment) {
    guard_enter(segment->base, segment->base ? segment->bytes : 0);
}

bool segment_leave(const struct segment *segment) {
    (void)segment;
    return !guard_leave();
}

/* Has the file pages for that many nodes? To read where it has none would make them. */
static bool is_backed(const struct segment *segment, uint32_t nodes) {
    char name[32];
    snprintf(name, sizeof name, "%s%u", SESSION_SEGMENT_FILE, segment->fixed.ticket);
    struct stat status;
    return fstatat(segment->directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           (uint64_t)status.st_blocks * 512 >= (uint64_t)nodes * sizeof(struct node);
}

uint32_t segment_nodes(struct segment *segment) {
    if (!segment->base || segment->damaged)
        return segment->nodes_count;
    uint32_t count = count_of(&live_header(segment)->nodes, segment->fixed.nodes_capacity);
    if (count > segment->nodes_count && count - segment->nodes_count > NODES_AT_ONCE &&
        !is_backed(segment, count))
        segment->damaged = true;
    else
        segment->nodes_count = count;
    return segment->nodes_count;
}

/* A node that another thread is still writing reads as 0; one whose writer died stays so and is passed over
 * after a while. */
uint32_t segment_nodes_complete(struct segment *segment) {
    uint32_t count = segment_nodes(segment);
    if (!segment->base)
        return count;
    uint32_t id = segment->hole ? segment->hole : STACK_FIRST_NODE;
    for (; id < count; id++) {
        if (__atomic_load_n(&segment->nodes[id].pc, __ATOMIC_ACQUIRE))
            continue;
        uint64_t now = monotonic_us();
        if (segment->hole != id || !segment->hole_since) {
            segment->hole = id;
            segment->hole_since = now;
            return id;
        }
        if (now - segment->hole_since < HOLE_PATIENCE_US)
            return id;
        segment->hole_since = 0;
    }
    segment->hole = count > STACK_FIRST_NODE ? count : 0;
    segment->hole_since = 0;
    return count;
}

struct node segment_node(const struct segment *segment, uint32_t id) {
    if (id >= segment->nodes_count)
        return (struct node){.parent = STACK_TRUNCATED, .module = MODULE_NONE};
    const struct node *source = &segment->nodes[id];
    struct node node = {__atomic_load_n(&source->pc, __ATOMIC_RELAXED),
                        __atomic_load_n(&source->parent, __ATOMIC_RELAXED),
                        __atomic_load_n(&source->module, __ATOMIC_RELAXED)};
    if (id >= STACK_FIRST_NODE && node.parent >= id)
        node.parent = STACK_TRUNCATED; /* a parent is always older: no walk can go in circles */
    if (node.module != MODULE_NONE && node.module != MODULE_PYTHON &&
        node.module >= segment->fixed.modules_capacity)
        node.module = MODULE_NONE;
    return node;
}

/* What is known of a node in `cut`. */
enum cut { CUT_UNKNOWN, CUT_NOT, CUT_SOMEWHERE };

/* Each node is looked at once: stacks have most of theirs in common. */
bool segment_stack_truncated(struct segment *segment, uint32_t id) {
    if (id >= segment->nodes_count)
        return true;
    if (!segment->cut)
        segment->cut = pages_map(segment->fixed.nodes_capacity);
    uint8_t *cut = segment->cut;
    uint32_t at = id;
    bool omitted = false;
    while (at >= STACK_FIRST_NODE && !omitted && !(cut && cut[at])) {
        struct node node = segment_node(segment, at);
        omitted = node.pc == NODE_PC_OMITTED;
        if (!omitted)
            at = node.parent;
    }
    bool truncated = omitted || (at >= STACK_FIRST_NODE ? cut[at] == CUT_SOMEWHERE : at == STACK_TRUNCATED);
    for (uint32_t i = id; cut && i >= STACK_FIRST_NODE && i >= at; i = segment_node(segment, i).parent)
        cut[i] = truncated ? CUT_SOMEWHERE : CUT_NOT;
    return truncated;
}

static void forget_cut(struct segment *segment) {
    pages_unmap(segment->cut, segment->fixed.nodes_capacity);
    segment->cut = NULL;
}

uint32_t segment_modules(struct segment *segment) {
    if (segment->base && !segment->damaged) {
        segment->modules_count = count_of(&live_header(segment)->modules, segment->fixed.modules_capacity);
        segment->strings_count = count_of(&live_header(segment)->strings, segment->fixed.strings_bytes);
    }
    return segment->modules_count;
}

void segment_module(struct segment *segment, uint32_t index, struct module_record *record) {
    struct module module;
    uint64_t end = __atomic_load_n(&segment->modules[index].end, __ATOMIC_ACQUIRE);
    memcpy(&module, &segment->modules[index], sizeof module);
    module.end = end; /* 0: the rest is not complete */
    *record = (struct module_record){
        .base = module.base, .end = module.end, .bias = module.bias, .flags = module.flags};
    if (module.build_id_bytes <= sizeof module.build_id) {
        record->build_id_bytes = module.build_id_bytes;
        memcpy(record->build_id, module.build_id, module.build_id_bytes);
    }
    if (module.path_bytes <= sizeof record->path && module.path_offset <= segment->strings_count &&
        module.path_bytes <= segment->strings_count - module.path_offset) {
        record->path_bytes = module.path_bytes;
        memcpy(record->path, segment->strings + module.path_offset, module.path_bytes);
    }
}

uint32_t segment_python_codes(struct segment *segment) {
    if (segment->base && !segment->damaged && segment->fixed.python_codes_offset)
        segment->python_codes_count =
            count_of(&live_header(segment)->python_codes, segment->fixed.python_codes_bytes);
    return segment->python_codes_count;
}

uint32_t segment_rings(const struct segment *segment) {
    return segment->base ? count_of(&live_header(segment)->rings, segment->fixed.rings_capacity) : 0;
}

struct ring *segment_ring(const struct segment *segment, uint32_t index) {
    return (struct ring *)(segment->base + segment->fixed.rings_offset) + index;
}

const struct event *segment_events(const struct segment *segment, uint32_t index) {
    return (const void *)(segment->base + segment->fixed.events_offset + (uint64_t)index * RING_BYTES);
}

bool segment_has_lost(const struct segment *segment) {
    return segment->base && __atomic_load_n(&live_header(segment)->lost, __ATOMIC_RELAXED) != 0;
}

/* Of nothing when there is no room. */
static const void *keep(struct archive *archive, const void *source, size_t bytes, uint32_t *count) {
    const void *kept = archive_keep(archive, source, bytes);
    if (!kept)
        *count = 0;
    return kept;
}

void segment_seal(struct segment *segment, struct archive *archive) {
    if (!segment->base)
        return;
    segment_enter(segment);
    uint32_t nodes = segment_nodes(segment);
    uint32_t modules = segment_modules(segment);
    uint32_t python_codes = segment_python_codes(segment);
    const struct segment_header *h = live_header(segment);
    struct segment_header last = segment->fixed;
    last.exited = h->exited;
    last.exit_code = h->exit_code;
    last.exit_rss_bytes = h->exit_rss_bytes;
    last.exit_peak_bytes = h->exit_peak_bytes;
    last.detached = h->detached;
    last.lost = h->lost;
    last.truncated_nodes = h->truncated_nodes;
    last.python_version = h->python_version;
    last.python_refusal = h->python_refusal;

    segment->nodes = keep(archive, segment->nodes, nodes * sizeof(struct node), &nodes);
    segment->modules = keep(archive, segment->modules, modules * sizeof(struct module), &modules);
    segment->strings = keep(archive, segment->strings, segment->strings_count, &segment->strings_count);
    segment->python_codes = keep(archive, segment->python_codes, python_codes, &python_codes);
    segment->executable = keep(archive, segment->executable, last.executable_bytes, &last.executable_bytes);
    segment->command = keep(archive, segment->command, last.command_bytes, &last.command_bytes);
    segment_leave(segment);

    forget_cut(segment);
    munmap(segment->base, segment->bytes);
    segment->base = NULL;
    segment->fixed = last;
    segment->nodes_count = nodes;
    segment->modules_count = modules;
    segment->python_codes_count = python_codes;
}

void segment_free(struct segment *segment) {
    forget_cut(segment);
    if (segment->base)
        munmap(segment->base, segment->bytes);
    *segment = (struct segment){0};
}
