/* segment.h — the shared memory of one traced process image: `segment.<ticket>` in the session directory.
 *
 * Ownership: everything is written by the shim and read by the daemon, but for `ring.tail`, `adopted` and
 * `abandoned`, which the daemon writes. A program may scribble on its segment: the reader copies a field,
 * then checks it, then uses it. No page is touched by the shim before fallocate or MADV_POPULATE_WRITE has
 * given it (a full tmpfs would kill the program by SIGBUS).
 *
 * The file is sparse and has these areas, each at the offset that the header states:
 *   header · info (executable, command line) · modules · strings · rings (control lines) · nodes ·
 *   python codes · events
 * Order of publication: a count in the header is released once there is memory for what it counts, which is
 * complete when its last field is: `end` of a module, `pc` of a node. What an item names was complete before.
 */
#ifndef MEMTRACE_PROTO_SEGMENT_H
#define MEMTRACE_PROTO_SEGMENT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/event.h"

#define SEGMENT_MAGIC   UINT64_C(0x656d676573744d4d) /* "MMtsegme" */
#define SEGMENT_VERSION UINT32_C(2)

enum segment_origin {
    ORIGIN_EXEC = 0, /* a new program image */
    ORIGIN_FORK = 1  /* a forked copy of `parent_ticket`: its inherited blocks are not its own */
};

struct segment_header {
    uint64_t magic;
    uint32_t version;
    uint32_t ticket; /* of this image in the session's registry */
    uint32_t pid;    /* both as its own namespace counts them */
    uint32_t parent_pid;
    uint32_t parent_ticket; /* ORIGIN_FORK: the image it was forked from, else 0 */
    uint32_t origin;        /* enum segment_origin */
    uint64_t fork_serial;   /* ORIGIN_FORK: equals the value of the CONTROL_FORK event in the parent, or 0 */
    uint64_t started_ns;    /* CLOCK_REALTIME */
    uint64_t start_ticks;   /* field 22 of /proc/PID/stat: tells this process from a later one with its pid */

    /* Areas: offset in the file and capacity in items. */
    uint64_t info_offset;
    uint64_t modules_offset;
    uint64_t strings_offset;
    uint64_t rings_offset;
    uint64_t nodes_offset;
    uint64_t events_offset;
    uint32_t modules_capacity;
    uint32_t strings_bytes;
    uint32_t rings_capacity;
    uint32_t nodes_capacity;
    uint32_t executable_bytes; /* at info_offset */
    uint32_t command_bytes;    /* at info_offset + INFO_COMMAND: arguments, each ended by NUL */

    /* Counts, grown by the shim while it runs. */
    uint32_t modules;
    uint32_t strings;
    uint32_t rings;
    uint32_t nodes; /* ids 0 … nodes-1 may be read; STACK_FIRST_NODE is the first real one */

    /* What went wrong or is over. */
    uint32_t detached; /* enum detach_reason */
    uint32_t exited;   /* 1: exit_code is what the program gave to exit or _exit */
    int32_t exit_code;
    uint32_t abandoned;       /* written by the daemon, not 0: it reads this segment no more, let go */
    uint64_t lost;            /* events that no ring could take (beside each ring's own) */
    uint64_t truncated_nodes; /* stacks that could not be recorded because `nodes` was full */
    uint64_t exit_rss_bytes;  /* resident memory when exit_code was noted, 0: not known */
    uint64_t exit_peak_bytes; /* and the most it ever was */

    /* Python; all 0 where no interpreter was found. */
    uint64_t python_codes_offset;
    uint32_t python_codes_bytes; /* capacity */
    uint32_t python_codes;       /* bytes in use, from PYTHON_CODES_START on */
    uint32_t python_version;     /* major << 8 | minor */
    uint32_t python_refusal;     /* enum python_refusal */
    uint32_t adopted;            /* written by the daemon, not 0: it reads this segment */
    uint8_t reserved1[36];
};
static_assert(sizeof(struct segment_header) == 256, "segment header");
static_assert(offsetof(struct segment_header, info_offset) == 56, "areas");
static_assert(offsetof(struct segment_header, modules) == 128, "counts");
static_assert(offsetof(struct segment_header, lost) == 160, "losses");
static_assert(offsetof(struct segment_header, python_codes_offset) == 192, "python");

enum detach_reason {
    DETACH_NONE = 0,
    DETACH_STOPPED = 1,     /* the session ended */
    DETACH_DAEMON_DIED = 2, /* seen by a waiting producer; all after that is untraced */
    DETACH_NO_MEMORY = 3,   /* the segment could not grow */
    DETACH_ABANDONED = 4,   /* the daemon reads this segment no more, or something has written over it */
    DETACH_UNREAD = 5       /* the daemon goes on, but never came to read this segment */
};

/* ---- info ---- */
#define INFO_BYTES   16384u
#define INFO_COMMAND 4096u /* offset of the command line in the info area */

/* ---- modules ---- */
#define MODULES_CAPACITY 4096u
#define STRINGS_BYTES    (1u << 20)
#define MODULE_NONE      UINT32_C(0xffffffff) /* a pc in no module: JIT code, anonymous memory */

enum module_flags {
    MODULE_GONE = 1 /* unloaded; its index is used again only for the same file at the same place */
};

struct module {
    uint64_t base;        /* first mapped address */
    uint64_t end;         /* past the last; released when all else is written, 0 until then */
    uint64_t bias;        /* add to a link-time address to get the run-time one */
    uint32_t path_offset; /* in the strings area */
    uint16_t path_bytes;
    uint8_t build_id_bytes; /* 0: it has none */
    uint8_t flags;          /* enum module_flags */
    uint8_t build_id[32];
};
static_assert(sizeof(struct module) == 64, "module");

/* ---- stacks: a tree of frames, root first ---- */
#define STACK_NONE       UINT32_C(0) /* no stack; the parent of a complete stack's outermost frame */
#define STACK_TRUNCATED  UINT32_C(1) /* the parent of the outermost known frame of a stack that was cut */
#define STACK_FIRST_NODE UINT32_C(2)
#define NODES_CAPACITY   (UINT32_C(1) << EVENT_STACK_BITS) /* the most that an event can name */

/* A pc that stands for the frames left out of a stack deeper than the limit. */
#define NODE_PC_OMITTED UINT64_C(1)

/* A pc that stands for the interpreter's mapping of an arena for Python objects. */
#define NODE_PC_PYTHON_ARENA UINT64_C(2)

struct node {
    uint64_t pc; /* return address; NODE_PC_EXACT: the interrupted instruction itself */
    uint32_t parent;
    uint32_t module; /* index, or MODULE_NONE */
};
static_assert(sizeof(struct node) == 16, "node");
#define NODE_PC_EXACT (UINT64_C(1) << 63) /* set in pc: look it up as it is, not at pc - 1 */

/* ---- Python frames and the code objects that they run ----
 *
 * A node whose module is MODULE_PYTHON is a Python frame; its pc says which code and where in it:
 *
 *   bits  0..30  byte offset of the instruction; NODE_PYTHON_OFFSET_MASK: it has not begun
 *   bit  31      the frame was called from C: the interpreter's own native frame ends here
 *   bits 32..61  code: offset of its record in the area of codes, in 8 bytes; 0: not recorded
 *   bit  62      1
 */
#define MODULE_PYTHON           UINT32_C(0xfffffffe)
#define NODE_PC_PYTHON          (UINT64_C(1) << 62)
#define NODE_PYTHON_ENTRY       (UINT64_C(1) << 31)
#define NODE_PYTHON_OFFSET_MASK UINT64_C(0x7fffffff)
#define NODE_PYTHON_CODE_SHIFT  32
#define NODE_PYTHON_CODE_MASK   UINT32_C(0x3fffffff)

#define PYTHON_CODES_BYTES (UINT32_C(1) << 26)
#define PYTHON_CODES_START 8u

enum python_refusal {
    PYTHON_ACCEPTED = 0,
    PYTHON_REFUSED_VERSION = 1,       /* its version is not known here */
    PYTHON_REFUSED_FREE_THREADED = 2, /* a build without the global interpreter lock */
    PYTHON_REFUSED_DEBUG = 3,         /* a build whose objects are laid out in another way */
    PYTHON_REFUSED_SYMBOLS = 4,       /* it does not export what is needed */
    PYTHON_REFUSED_ALLOCATORS = 5 /* its lines are read, but its objects not seen: see shim/python/hooks.c */
};

/* One record, followed by the name and the line table and, where `file_offset` leads here, the file's name.
 * Complete before a node names it. */
struct python_code {
    uint32_t record_bytes; /* a multiple of 8 */
    uint16_t minor;        /* of Python 3: says how the line table is to be read */
    uint16_t reserved;
    int32_t first_line;
    uint32_t first_traceable; /* byte offset of the first instruction that is the program's own */
    uint32_t file_offset;     /* in the area */
    uint32_t file_bytes;
    uint32_t name_bytes; /* UTF-8, qualified where the version has it */
    uint32_t lines_bytes;
};
static_assert(sizeof(struct python_code) == 32, "python code");

/* ---- rings ---- */
#define RINGS_CAPACITY    4096u
#define RING_EVENTS       65536u /* a busy ring */
#define RING_EVENTS_START 4096u  /* what a ring begins with */
#define RING_GROWTH       4u     /* times as large, each time that it was full */
#define RING_BYTES        (RING_EVENTS * sizeof(struct event)) /* its place in the events area */

/* One producer at a time, one consumer. head and tail count events since the ring began; the event n is at
 * slot n & (size - 1). `size` changes only while head == tail, before the next head is released. */
struct ring {
    /* producer's line */
    uint64_t head;    /* release: events before it are complete */
    uint32_t size;    /* in events, a power of two, at most RING_EVENTS */
    uint32_t waiting; /* 1: the producer sleeps on the low word of tail */
    uint32_t tid;
    uint32_t reserved0;
    uint32_t generation; /* bumped when another thread takes the ring over */
    uint32_t level;      /* 0 the thread itself, 1… a signal handler that interrupted the shim */
    uint64_t lost;       /* events dropped because the ring was full or could not be had */
    uint64_t waits;      /* how often the producer had to wait */
    uint8_t name[16];    /* thread name at start, NUL-padded */

    /* consumer's line */
    uint64_t tail; /* release: slots before it may be written again */
    uint8_t reserved[56];
};
static_assert(sizeof(struct ring) == 128, "ring");
static_assert(offsetof(struct ring, tail) == 64, "consumer's line");

#endif
