/* event.h — the 16-byte events of a ring, and the order of events of one address.
 *
 * Contract between the shim (writes) and the drain core (reads). Fields may be added in spare bits, a meaning
 * is never changed; a new layout is a new SEGMENT_VERSION. Worked byte examples: proto/README.md.
 *
 * One event is two 64-bit words:
 *
 *   word 0   bits  0..44  address >> 3          (47-bit x86-64 and 48-bit AArch64 user addresses)
 *            bits 45..47  type, enum event_type
 *            bits 48..63  order, low 16 bits
 *   word 1   bits  0..31  size in bytes         EVENT_SIZE_EXTENDED: the next slot's word 0 is the size
 *            bits 32..57  stack, id of a node in the segment's stack table
 *            bits 58..63  order, high 6 bits
 *
 * Order. Rings of different threads are read at different times, so each event carries a ticket that orders
 * it among the events of its address: tickets are drawn, 0, 1, 2 …, from one of ORDER_SLOTS counters of the
 * process, chosen by hashing the address. An allocation draws after the real call returned and a free before
 * the real call is made, so for one address  allocation < free < next allocation  in ticket order on any
 * memory model, without a clock. All tickets of a counter are published exactly once; the reader consumes
 * each counter's tickets in sequence and sets aside what arrives early. Tickets are compared modulo
 * 2^ORDER_BITS: the reader sets aside at most 2^20 (ORDER_LIMIT of the core), and gives up what is missing
 * before there could be 2^(ORDER_BITS-1) of one counter.
 *
 * While a process has one ring, its first, an event that is published before the program can see what it did
 * needs no ticket: it is EVENT_IN_ORDER, and its order bits hold what it is (EVENT_ALLOC, EVENT_FREE or
 * EVENT_CANCEL). It comes after all that stands before it in that ring, and before any event of another ring
 * that could concern its address: that one's thread, or handler, saw the second ring made before it did
 * anything, and what this one did before that. So a reader that looks at the heads of the other rings first,
 * and then reads the first ring before them, takes both in order. Once the first ring has an EVENT_ALLOC with
 * a ticket or a moment that says so, its thread has seen the second ring, no event without a ticket follows,
 * and the rings can be read side by side. The old block of a reallocation always has a ticket: its event is
 * published after the real call.
 */
#ifndef MEMTRACE_PROTO_EVENT_H
#define MEMTRACE_PROTO_EVENT_H

#include <assert.h>
#include <stdint.h>

struct event {
    uint64_t word[2];
};
static_assert(sizeof(struct event) == 16, "event size is part of the protocol");

enum event_type {
    EVENT_IN_ORDER = 0, /* has no ticket; what it is stands in its order bits */
    EVENT_ALLOC = 1,    /* a block: address, size, stack */
    EVENT_FREE = 2,     /* free() and its like: address */
    EVENT_RELEASE = 3,  /* the old block of a successful realloc: address; never a temporary block */
    EVENT_CANCEL =
        4,         /* fills a ticket that was drawn for a call that then failed; see also enum python_event */
    EVENT_MAP = 5, /* mmap: address (page), stack; the next slot: word 0 = length, word 1 = 0 */
    EVENT_UNMAP = 6,   /* munmap: address; the next slot: word 0 = length, word 1 = 0 */
    EVENT_CONTROL = 7, /* no address, no order: bits 0..44 hold enum control_event; word 1 is its value */
};

/* EVENT_MAP and EVENT_UNMAP draw from the one counter ORDER_MAPS, because ranges overlap. An EVENT_CANCEL of
 * that counter says so by address 0, which no heap event has. */
/* Moments order the rings of a process against each other for its peak: a thread that has allocated
 * MOMENT_BYTES begins a new one, and every other thread notes it in its ring before its next event. The
 * reader takes all that came before a moment, of all rings, before what came after. So the peak is right to
 * within MOMENT_BYTES for each thread that runs. */
#define MOMENT_BYTES (UINT32_C(256) << 10)

enum control_event {
    CONTROL_CLOCK = 1,  /* what follows happened at or after this value of the session's clock */
    CONTROL_MOMENT = 3, /* what follows happened at or after this moment (32 bits) of the process */
    CONTROL_FORK = 2,   /* value: the segment ticket's parent handshake, see segment_header.fork_serial */
};

/* Set in the value of a CONTROL_MOMENT: its thread has seen the second ring (EVENT_IN_ORDER). */
#define CONTROL_MOMENT_ORDERED (UINT64_C(1) << 32)

/* Blocks of the Python interpreter's own allocator, which lie inside of blocks and mappings that have events
 * of their own. They are EVENT_CANCEL with a meaning in the bits that a cancelled call has no use for, so
 * that a reader that does not know them takes their tickets and is none the wiser:
 *
 *   word 1   bits  0..27  size in bytes, of EVENT_PYTHON_ALLOC
 *            bits 28..31  enum python_event
 *            bits 32..57  stack, of EVENT_PYTHON_ALLOC and EVENT_PYTHON_REUSED
 *
 * The interpreter hands what is too large for it on to malloc, and a free does not say so: a free of an
 * address where no such block lives is that of the heap's block, and means nothing. */
enum python_event {
    EVENT_PYTHON_NOTHING = 0, /* a call that failed */
    EVENT_PYTHON_ALLOC = 1,
    EVENT_PYTHON_FREE = 2,
    EVENT_PYTHON_RELEASE = 3, /* the old block of a successful realloc */
    EVENT_PYTHON_REUSED = 4   /* a new object in a block that was kept when the last one died; no size */
};
#define EVENT_PYTHON_SHIFT     28
#define EVENT_PYTHON_SIZE_MASK ((UINT32_C(1) << EVENT_PYTHON_SHIFT) - 1)

#define EVENT_ADDRESS_BITS  45
#define EVENT_ADDRESS_MASK  ((UINT64_C(1) << EVENT_ADDRESS_BITS) - 1)
#define EVENT_TYPE_SHIFT    45
#define EVENT_TYPE_MASK     UINT64_C(7)
#define EVENT_STACK_BITS    26
#define EVENT_STACK_MASK    ((UINT64_C(1) << EVENT_STACK_BITS) - 1)
#define EVENT_SIZE_EXTENDED UINT32_C(0xffffffff)

#define ORDER_BITS       22
#define ORDER_MASK       ((UINT32_C(1) << ORDER_BITS) - 1)
#define ORDER_NONE       UINT32_MAX /* no ticket: EVENT_IN_ORDER */
#define ORDER_SLOTS_LOG2 16
#define ORDER_SLOTS      (UINT32_C(1) << ORDER_SLOTS_LOG2)
#define ORDER_MAPS       ORDER_SLOTS       /* the counter of all map events */
#define ORDER_COUNTERS   (ORDER_SLOTS + 1) /* how many counters there are */

/* Which counter orders the heap events of `address` (Fibonacci hashing of the 16-byte granule). */
static inline uint32_t event_order_slot(uint64_t address) {
    return (uint32_t)(((address >> 4) * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - ORDER_SLOTS_LOG2));
}

/* `order`: its ticket, or ORDER_NONE. */
static inline struct event event_pack(enum event_type type, uint64_t address, uint32_t size, uint32_t stack,
                                      uint32_t order) {
    struct event e;
    if (order == ORDER_NONE) {
        order = type;
        type = EVENT_IN_ORDER;
    }
    e.word[0] = (address >> 3) | (uint64_t)type << EVENT_TYPE_SHIFT | (uint64_t)(order & 0xffff) << 48;
    e.word[1] = (uint64_t)size | (uint64_t)stack << 32 | (uint64_t)(order >> 16 & 0x3f) << 58;
    return e;
}

/* A size beyond EVENT_PYTHON_SIZE_MASK cannot be said: such blocks are for malloc. */
static inline struct event event_pack_python(enum python_event what, uint64_t address, uint32_t size,
                                             uint32_t stack, uint32_t order) {
    return event_pack(EVENT_CANCEL, address, size | (uint32_t)what << EVENT_PYTHON_SHIFT, stack, order);
}
/* Of an EVENT_CANCEL. */
static inline enum python_event event_python(const struct event *e) {
    return (enum python_event)((uint32_t)e->word[1] >> EVENT_PYTHON_SHIFT);
}

static inline struct event event_pack_control(enum control_event what, uint64_t value) {
    return (struct event){{(uint64_t)what | (uint64_t)EVENT_CONTROL << EVENT_TYPE_SHIFT, value}};
}

static inline uint64_t event_address(const struct event *e) {
    return (e->word[0] & EVENT_ADDRESS_MASK) << 3;
}
static inline int event_is_in_order(const struct event *e) {
    return (e->word[0] >> EVENT_TYPE_SHIFT & EVENT_TYPE_MASK) == EVENT_IN_ORDER;
}
/* What it is, also of one that is in order. */
static inline enum event_type event_type(const struct event *e) {
    uint32_t shift = event_is_in_order(e) ? 48 : EVENT_TYPE_SHIFT;
    return (enum event_type)(e->word[0] >> shift & EVENT_TYPE_MASK);
}
static inline uint32_t event_order(const struct event *e) {
    return (uint32_t)(e->word[0] >> 48) | (uint32_t)(e->word[1] >> 58) << 16;
}
static inline uint32_t event_size(const struct event *e) {
    return (uint32_t)e->word[1];
}
static inline uint32_t event_stack(const struct event *e) {
    return (uint32_t)(e->word[1] >> 32 & EVENT_STACK_MASK);
}
/* The counter that an event's ticket was drawn from, or would have been; not for EVENT_CONTROL, which has
 * none. */
static inline uint32_t event_counter_of(enum event_type type, uint64_t address) {
    if (type == EVENT_MAP || type == EVENT_UNMAP || (type == EVENT_CANCEL && address == 0))
        return ORDER_MAPS;
    return event_order_slot(address);
}
/* Does a second slot with a 64-bit size or length follow? */
static inline int event_is_extended(const struct event *e) {
    enum event_type type = event_type(e);
    return type == EVENT_MAP || type == EVENT_UNMAP ||
           (type == EVENT_ALLOC && event_size(e) == EVENT_SIZE_EXTENDED);
}

#endif
