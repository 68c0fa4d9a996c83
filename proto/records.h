/* records.h — what the drain core hands to the daemon over FFI: arrays of fixed-size records.
 *
 * The core fills them, the daemon reads them as typed arrays at the offsets of the generated mirror. All are
 * copies: the daemon may keep them.
 */
#ifndef MEMTRACE_PROTO_RECORDS_H
#define MEMTRACE_PROTO_RECORDS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

enum process_state {
    PROCESS_RUNNING = 1,
    PROCESS_ENDED = 2,   /* exited, was killed or replaced itself by exec, and all of its events are in */
    PROCESS_UNTRACED = 3 /* announced as running without the shim */
};

enum process_flag {
    PROCESS_HAS_EXIT_CODE = 1,
    PROCESS_EXECED = 2,  /* ended because a later image took over its pid */
    PROCESS_CORRUPT = 4, /* its segment held impossible values; what was read until then stands */
    PROCESS_DETACHED = 8,
    PROCESS_UNREAD = 16 /* the daemon could not open or map its segment: it ran on without being read */
};

struct process_record {
    uint32_t index; /* of the process in the core; stable, dense, from 0 */
    uint32_t ticket;
    uint32_t pid;          /* here; 0: it was gone before it could be found here, see own_pid */
    uint32_t parent_pid;   /* here; 0: not known */
    uint32_t parent_index; /* of the image it was forked from, or 0xffffffff */
    uint32_t state;        /* enum process_state */
    uint32_t flags;        /* enum process_flag */
    int32_t exit_code;
    uint32_t untraced_reason; /* enum untraced_reason */
    uint32_t detach_reason;   /* enum detach_reason */
    uint32_t sites;
    uint32_t nodes;
    uint32_t modules;
    uint32_t threads;
    uint32_t origin; /* enum segment_origin */
    uint32_t reserved0;

    uint64_t started_ns; /* of the day, by a clock that does not jump */
    uint64_t ended_ns;   /* 0 while it runs */
    uint64_t peak_ns;    /* when the heap was largest */

    /* heap */
    uint64_t allocations;
    uint64_t frees;
    uint64_t live_bytes;
    uint64_t live_blocks;
    uint64_t total_bytes;
    uint64_t peak_bytes;
    uint64_t peak_blocks;
    uint64_t temporary_blocks;

    /* mappings */
    uint64_t mapped_bytes;
    uint64_t mapped_total_bytes;
    uint64_t mapped_peak_bytes;
    uint64_t maps;
    uint64_t unmaps;

    /* honesty */
    uint64_t events;
    uint64_t lost;
    uint64_t unknown_frees;
    uint64_t truncated; /* allocations whose stack was cut, or not recorded at all */
    uint64_t inherited_blocks;
    uint64_t inherited_bytes;
    uint64_t inherited_frees; /* frees, by a forked child, of blocks that it did not allocate itself */
    uint64_t skipped_orders;  /* tickets that never came (a thread died inside the shim) */

    /* resident memory as the process saw it at its exit, 0: not known */
    uint64_t exit_rss_bytes;
    uint64_t exit_peak_bytes;

    /* blocks of the Python interpreter's own allocator */
    uint64_t python_allocations;
    uint64_t python_live_bytes;
    uint64_t python_live_blocks;
    uint64_t python_total_bytes;
    uint64_t python_peak_bytes;
    uint32_t python_version; /* major << 8 | minor, 0: none */
    uint32_t python_refusal; /* enum python_refusal */

    uint32_t own_pid;      /* as its own pid namespace counts it */
    uint32_t unread_error; /* PROCESS_UNREAD: errno of what failed */
    uint64_t unrecorded;   /* how often a frame had no room in the table of stacks, which was full */
};
static_assert(sizeof(struct process_record) == 64 + 24 + 64 + 40 + 64 + 16 + 48 + 16, "process record");

enum site_kind { SITE_HEAP = 0, SITE_MMAP = 1, SITE_PYTHON = 2 };

/* All that happened at one stack. */
struct site_record {
    uint32_t stack; /* node id of the innermost frame */
    uint32_t kind;  /* enum site_kind */
    uint64_t live_bytes;
    uint64_t live_blocks;
    uint64_t total_bytes;
    uint64_t total_blocks;
    uint64_t peak_bytes; /* at the moment of the process's peak of this kind */
    uint64_t peak_blocks;
    uint64_t temporary_blocks;
};
static_assert(sizeof(struct site_record) == 64, "site record");

/* A live block. */
struct block_record {
    uint64_t address;
    uint64_t size;
    uint64_t born_ns; /* when its allocation was read: of the day, by the clock of started_ns */
    uint32_t stack;
    uint32_t kind; /* enum site_kind */
};
static_assert(sizeof(struct block_record) == 32, "block record");

/* How many of the largest live blocks are told, also of a process that has ended. */
#define LARGEST_BLOCKS 256

struct module_record {
    uint64_t base;
    uint64_t end;
    uint64_t bias;
    uint32_t flags; /* enum module_flags */
    uint32_t path_bytes;
    uint32_t build_id_bytes;
    uint32_t reserved;
    uint8_t build_id[32];
    uint8_t path[4096];
};
static_assert(sizeof(struct module_record) == 24 + 16 + 32 + 4096, "module record");

struct thread_record {
    uint32_t tid;
    uint32_t reserved;
    uint8_t name[16];
    uint64_t allocations;
    uint64_t frees;
    uint64_t live_bytes; /* allocated by this thread and not yet freed by anyone */
    uint64_t total_bytes;
    uint64_t temporary_blocks;
    uint64_t lost;
    uint64_t waits;
};
static_assert(sizeof(struct thread_record) == 80, "thread record");

/* Size class i counts heap blocks of 2^(i-1) <= size < 2^i; class 0 is size 0. */
#define SIZE_CLASSES 64
struct size_record {
    uint64_t total_blocks;
    uint64_t total_bytes;
    uint64_t live_blocks;
    uint64_t live_bytes;
};
static_assert(sizeof(struct size_record) == 32, "size record");

/* Age class i counts blocks of bound i - 1 <= age < bound i, in seconds; class 0 has those from age 0 on. */
#define AGE_BOUNDS_S                                                                                         \
    { 1, 10, 60, 600, 3600, 86400 }
#define AGE_CLASSES 7

/* What lives at a site of one age and one size class. */
struct holding_record {
    uint32_t site; /* index among the site records */
    uint32_t blocks;
    uint64_t bytes_and_classes; /* 48 bits bytes, 8 bits age class, 8 bits size class */
};
static_assert(sizeof(struct holding_record) == 16, "holding record");
#define HOLDING_AGE_SHIFT  48
#define HOLDING_SIZE_SHIFT 56
#define HOLDING_BYTES_MASK ((UINT64_C(1) << HOLDING_AGE_SHIFT) - 1)

/* A distinct instruction that stack nodes name. */
struct place_record {
    uint64_t
        lookup; /* link-time address to be looked up: inside the call, or of the interrupted instruction */
    uint64_t offset; /* link-time return address; the address itself without a module; a Python place: both
                        are the byte offset of the instruction in its code */
    uint32_t module; /* index, MODULE_NONE or MODULE_PYTHON */
    uint32_t code;   /* of a Python place: where its record is, as in struct node */
};
static_assert(sizeof(struct place_record) == 24, "place record");

/* What the daemon answers: the frames of a place, outermost first, by its own numbers. */
struct place_frames {
    uint32_t first;
    uint32_t count; /* 0: it is left out */
};
static_assert(sizeof(struct place_frames) == 8, "place frames");

/* The longest text of a node and of a site of a snapshot (proto/snapshot.ts), and how many counters a site
 * has. */
#define NODE_TEXT_BYTES 43
#define SITE_TEXT_BYTES 320
#define SITE_COUNTERS   7

#endif
