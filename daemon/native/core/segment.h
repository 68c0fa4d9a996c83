/* segment.h — the daemon's view of one process image's shared memory (proto/segment.h).
 *
 * The program may scribble on all of it: each value is copied, then checked, then used. All functions that
 * read it are called between segment_enter and segment_leave. After segment_seal the same functions read the
 * daemon's own copy in the archive.
 */
#ifndef MEMTRACE_CORE_SEGMENT_H
#define MEMTRACE_CORE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/native/core/archive.h"
#include "proto/records.h"
#include "proto/segment.h"

struct segment {
    uint8_t *base; /* the mapping; NULL once sealed */
    size_t bytes;
    struct segment_header fixed; /* copied and checked when attached; its counts are stale */

    /* In the mapping, or in the archive once sealed. */
    const struct node *nodes;
    const struct module *modules;
    const uint8_t *strings;
    const uint8_t *executable;
    const uint8_t *command;
    const uint8_t *python_codes;
    uint32_t nodes_count; /* as last seen; final once sealed */
    uint32_t modules_count;
    uint32_t strings_count;
    uint32_t python_codes_count; /* bytes */

    int directory;       /* where the file was opened; the session's */
    bool damaged;        /* a count was seen that cannot be true: all counts stay as they were */
    uint8_t *cut;        /* by node: whether its stack was cut, see segment_stack_truncated */
    uint32_t hole;       /* a node that was counted but not yet written when last looked at, or 0 */
    uint64_t hole_since; /* us */
};

enum segment_attached {
    SEGMENT_ATTACHED,
    SEGMENT_BAD,         /* its content cannot be true */
    SEGMENT_OUT_OF_REACH /* the system did not let us open or map it: errno says why */
};

/* Maps `segment.<ticket>` of the session directory and tells the program that it will be read. */
enum segment_attached segment_attach(struct segment *segment, int directory, uint32_t ticket);

/* Tells the program that it will never be read, as far as its segment can be opened. */
void segment_disown(int directory, uint32_t ticket);

void segment_enter(const struct segment *segment);
/* False when a page of it was missing: the process is corrupt. */
bool segment_leave(const struct segment *segment);

/* How many nodes may be named by events now. */
uint32_t segment_nodes(struct segment *segment);
/* How many nodes are completely written, from 0 on. */
uint32_t segment_nodes_complete(struct segment *segment);
/* A node as segment_nodes last counted them; there may be fewer than once: the program lowered the count, or
 * there was no memory for a copy. One that is not there, and one whose parent is not older, has
 * STACK_TRUNCATED for its parent. */
struct node segment_node(const struct segment *segment, uint32_t id);
/* Was this stack cut, at its root or in its middle? Of a stack that an event named: all its nodes are
 * written. */
bool segment_stack_truncated(struct segment *segment, uint32_t id);
uint32_t segment_modules(struct segment *segment);
void segment_module(struct segment *segment, uint32_t index, struct module_record *record);

/* How many bytes of the area of Python code records are in use. */
uint32_t segment_python_codes(struct segment *segment);

uint32_t segment_rings(const struct segment *segment);
/* The control line and the events of a ring; `index` must be below segment_rings. */
struct ring *segment_ring(const struct segment *segment, uint32_t index);
const struct event *segment_events(const struct segment *segment, uint32_t index);

/* Were events lost that had no ring to stand in? */
bool segment_has_lost(const struct segment *segment);

/* A counter that the other side keeps; 0 when it cannot be one. */
static inline uint64_t segment_counter(uint64_t value) {
    return value < UINT64_C(1) << 48 ? value : 0;
}

/* The process is over: puts what is still of use into the archive and lets the mapping go. */
void segment_seal(struct segment *segment, struct archive *archive);
void segment_free(struct segment *segment);

#endif
