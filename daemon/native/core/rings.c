/* rings.c — see rings.h.
 *
 * Events are unpacked and handed to the ledger in batches. The tail is released every few thousand events, so
 * that a waiting producer goes on early.
 */
#define _GNU_SOURCE
#include "daemon/native/core/rings.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/native/core/ledger.h"
#include "daemon/native/core/process.h"

#define SLICE      128u /* events of the fullest ring before the others' turn */
#define CHUNK      4096u
#define USER_SPACE (UINT64_C(1) << 48)

enum take { TAKE_MORE, TAKE_WAIT, TAKE_STOP };

static void wake(struct ring *ring) {
    /* The low word of tail is a futex shared between processes. */
    syscall(SYS_futex, (uint32_t *)&ring->tail, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Tells the producer how far its slots may be written again. The fence orders this before the look at
 * `waiting`, as the producer's orders `waiting` before its look at the tail. */
static void release_tail(struct ring *ring, uint64_t tail) {
    __atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&ring->waiting, __ATOMIC_RELAXED))
        wake(ring);
}

static struct event load_event(const struct event *slot) {
    return (struct event){{__atomic_load_n(&slot->word[0], __ATOMIC_RELAXED),
                           __atomic_load_n(&slot->word[1], __ATOMIC_RELAXED)}};
}

/* The thread that writes this ring now: a new one when the ring was taken over. */
static void meet_thread(struct process *process, struct ring_reader *reader, const struct ring *ring) {
    uint32_t generation = __atomic_load_n(&ring->generation, __ATOMIC_RELAXED);
    if (likely(reader->thread && reader->generation == generation))
        return;
    uint8_t name[16];
    for (int i = 0; i < 16; i++)
        name[i] = __atomic_load_n(&ring->name[i], __ATOMIC_RELAXED);
    uint32_t tid = __atomic_load_n(&ring->tid, __ATOMIC_RELAXED);
    uint32_t owner = UINT32_MAX;
    if (__atomic_load_n(&ring->level, __ATOMIC_RELAXED)) { /* a signal handler's: part of its thread */
        for (uint32_t i = process->threads.count; i-- > 0 && owner == UINT32_MAX;) {
            if (process->threads.items[i].tid == tid && process->threads.owner[i] == i)
                owner = i;
        }
    }
    if (reader->thread) {
        reader->lost_before += process->threads.items[reader->thread - 1].lost;
        reader->waits_before += process->threads.items[reader->thread - 1].waits;
    }
    reader->thread = threads_add(&process->threads, tid, name, owner) + 1;
    reader->generation = generation;
}

/* A cancelled call, or an event of the interpreter's own allocator. */
static bool unpack_python(struct change *change, const struct event *event, struct ring_reader *reader) {
    change->python = (uint8_t)event_python(event);
    change->size &= EVENT_PYTHON_SIZE_MASK;
    switch (change->python) {
    case EVENT_PYTHON_ALLOC:
    case EVENT_PYTHON_REUSED:
        reader->last_python = change->address;
        return change->address != 0;
    case EVENT_PYTHON_FREE:
        change->fresh = reader->last_python == change->address;
        return change->address != 0;
    default:
        return true;
    }
}

static bool unpack_other(struct change *change, const struct event *event, struct ring_reader *reader) {
    switch (change->type) {
    case EVENT_RELEASE:
        return change->address != 0;
    case EVENT_CANCEL:
        return unpack_python(change, event, reader);
    case EVENT_MAP:
    case EVENT_UNMAP:
        return true;
    default:
        return false;
    }
}

/* Unpacks one event of a ring that has an address. False when it is impossible. Allocations and frees come in
 * an order that no processor can guess: they take the same way. */
static inline bool unpack(struct change *change, const struct event *event, struct ring_reader *reader) {
    uint64_t address = event_address(event), last = reader->last_allocation;
    enum event_type type = event_type(event);
    change->address = address;
    change->size = event_size(event);
    change->stack = event_stack(event);
    change->thread = reader->thread - 1;
    change->ticket = event_is_in_order(event) ? ORDER_NONE : event_order(event);
    change->type = (uint8_t)type;
    change->python = 0;
    change->fresh = (type == EVENT_FREE) & (address == last);
    if (unlikely(type != EVENT_ALLOC && type != EVENT_FREE))
        return unpack_other(change, event, reader);
    reader->last_allocation = type == EVENT_ALLOC ? address : last;
    return address != 0;
}

/* May an event stand where this one does? Without a ticket, in the first ring only, which has none without
 * once an allocation there has one (EVENT_IN_ORDER). */
static inline bool is_in_place(struct process *process, const struct change *change, bool in_first_ring) {
    if (change_is_in_order(change))
        return in_first_ring && change->type <= EVENT_CANCEL && change->type != EVENT_RELEASE;
    if (unlikely(!process->ordered) && in_first_ring && change->type == EVENT_ALLOC)
        process->ordered = true;
    return true;
}

static bool is_ahead(const struct process *process, uint32_t moment) {
    return (int32_t)(moment - process->moment) > 0;
}

/* A control event. TAKE_WAIT when the other rings come first, TAKE_STOP when the rest of the ring belongs to
 * a later pass. */
static enum take control(struct process *process, struct ring_reader *reader, const struct event *event,
                         const struct pass *pass) {
    switch (event->word[0] & EVENT_ADDRESS_MASK) {
    case CONTROL_CLOCK: {
        int32_t ahead = (int32_t)((uint32_t)event->word[1] - pass->clock);
        if (ahead > 0)
            process_corrupt(process); /* nobody can have seen it yet */
        return ahead >= 0 && !pass->to_the_end ? TAKE_STOP : TAKE_MORE;
    }
    case CONTROL_MOMENT:
        if (event->word[1] & CONTROL_MOMENT_ORDERED && reader == process->rings.items)
            process->ordered = true;
        reader->next_moment = (uint32_t)event->word[1];
        return is_ahead(process, reader->next_moment) ? TAKE_WAIT : TAKE_MORE;
    case CONTROL_FORK:
        process_forked(process, event->word[1]);
        return TAKE_MORE;
    default:
        process_corrupt(process);
        return TAKE_STOP;
    }
}

/* In this order: whether it is an allocation is what no processor can guess, that of its size it can. */
static inline bool is_extended(const struct change *change) {
    return (change->size == EVENT_SIZE_EXTENDED && change->type == EVENT_ALLOC) ||
           change->type == EVENT_MAP || change->type == EVENT_UNMAP;
}

/* Reads the size or length that follows an event. False when that is impossible. */
static bool unpack_extension(struct change *change, const struct ring_view *view, uint64_t *tail) {
    if (*tail == view->head)
        return false;
    change->size = load_event(&view->events[(*tail)++ & view->mask]).word[0];
    return change->size <= USER_SPACE;
}

/* Takes the events that begin before `until`; the second slot of the last one may lie at it. */
static enum take take(struct process *process, struct ring_reader *reader, uint64_t until,
                      struct pass *pass) {
    const struct ring_view *view = &reader->view;
    const bool is_first = reader == process->rings.items;
    enum take more = TAKE_MORE;
    while (reader->tail < until && more == TAKE_MORE && !process_is_corrupt(process)) {
        struct change batch[LEDGER_BATCH];
        uint32_t count = 0;
        uint64_t tail = reader->tail;
        while (count < LEDGER_BATCH && tail < until) {
            struct event event = load_event(&view->events[tail & view->mask]);
            if (unlikely(event_type(&event) == EVENT_CONTROL && !event_is_in_order(&event))) {
                if (count)
                    break; /* after what came before it */
                more = control(process, reader, &event, pass);
                if (more != TAKE_MORE)
                    break;
                tail++;
                continue;
            }
            struct change *change = &batch[count];
            if (unlikely(!unpack(change, &event, reader) || !is_in_place(process, change, is_first))) {
                process_corrupt(process);
                break;
            }
            tail++;
            if (unlikely(is_extended(change)) && !unpack_extension(change, view, &tail)) {
                process_corrupt(process);
                break;
            }
            count++;
        }
        ledger_take(process, batch, count, pass->now_us);
        process->record.events += count;
        pass->events += count;
        reader->tail = tail;
    }
    return more;
}

/* A corrupt process: its ring is emptied unread. */
static void discard(struct process *process, struct ring_reader *reader, struct ring *ring) {
    uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    uint64_t behind = head - reader->tail;
    if (behind <= RING_EVENTS)
        process->record.lost += behind;
    reader->tail = head;
    release_tail(ring, head);
}

/* How often a ring of this size was full, if it became larger each time. */
static uint64_t growths(uint32_t size) {
    uint64_t count = 0;
    for (uint64_t least = RING_EVENTS_START; least < size; least *= RING_GROWTH)
        count++;
    return count;
}

/* One of less than full size is left to fill up: its thread then makes it larger (shim/ring.c). Kept from
 * that, it would be read several times as often ever after, and to sleep and wake costs more than to read a
 * few hundred events. */
static bool is_to_fill(const struct ring *ring, uint32_t size, const struct pass *pass) {
    return pass->rings_grow && size < RING_EVENTS &&
           __atomic_load_n(&ring->waits, __ATOMIC_RELAXED) <= growths(size);
}

/* Looks how far a ring may be read in this pass. True when there is something to read. */
static bool look(struct process *process, uint32_t index, struct pass *pass) {
    struct ring_reader *reader = &process->rings.items[index];
    struct ring *ring = segment_ring(&process->segment, index);
    if (process_is_corrupt(process)) {
        discard(process, reader, ring);
        return false;
    }
    uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    if (head == reader->tail) {
        reader->drained_us = pass->now_us;
        return false;
    }
    uint32_t size = __atomic_load_n(&ring->size, __ATOMIC_RELAXED);
    uint64_t behind = head - reader->tail;
    if (!size || size > RING_EVENTS || (size & (size - 1)) || behind > size) {
        process_corrupt(process);
        return false;
    }
    reader->view = (struct ring_view){segment_events(&process->segment, index), size - 1, head};
    reader->released = reader->tail;
    reader->waits = false;
    uint32_t fullness = (uint32_t)(behind * 256 / size);
    if (!is_to_fill(ring, size, pass) && fullness > pass->fullness)
        pass->fullness = fullness;

    meet_thread(process, reader, ring);
    struct thread_record *thread = &process->threads.items[reader->thread - 1];
    uint64_t lost = __atomic_load_n(&ring->lost, __ATOMIC_RELAXED);
    if (unlikely(lost != reader->lost_before))
        process->blocks.careful = process->python_blocks.careful = true;
    thread->lost = segment_counter(lost - reader->lost_before);
    thread->waits = segment_counter(__atomic_load_n(&ring->waits, __ATOMIC_RELAXED) - reader->waits_before);
    return true;
}

/* Reads on for at most `events`. False when the ring has no more for this pass. */
static bool read_slice(struct process *process, uint32_t index, uint64_t events, struct pass *pass) {
    struct ring_reader *reader = &process->rings.items[index];
    uint64_t head = reader->view.head;
    uint64_t until = head - reader->tail > events ? reader->tail + events : head;
    enum take more = take(process, reader, until, pass);
    reader->waits = more == TAKE_WAIT;
    bool over = more == TAKE_STOP || reader->tail == head || process_is_corrupt(process);
    if (over || reader->tail - reader->released >= CHUNK) {
        release_tail(segment_ring(&process->segment, index), reader->tail);
        reader->released = reader->tail;
    }
    if (reader->tail == head)
        reader->drained_us = pass->now_us;
    return !over;
}

/* Does any of them have something to read before the next moment? */
static bool wait_is_over(const struct process *process, const uint32_t *busy, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const struct ring_reader *reader = &process->rings.items[busy[i]];
        if (!reader->waits || !is_ahead(process, reader->next_moment))
            return true;
    }
    return false;
}

/* All have come to one that lies ahead: the first of those. */
static void begin_next_moment(struct process *process, const uint32_t *busy, uint32_t count) {
    const struct ring_reader *readers = process->rings.items;
    uint32_t next = readers[busy[0]].next_moment;
    for (uint32_t i = 1; i < count; i++) {
        uint32_t moment = readers[busy[i]].next_moment;
        if ((int32_t)(moment - next) < 0)
            next = moment;
    }
    process->moment = next;
}

/* All rings advance side by side, each by the same part of what it holds: they hold the events of the same
 * span of time, so that what one thread allocated and another freed meets soon, and the peak is not the sum
 * of what passed through. */
static void read_side_by_side(struct process *process, uint32_t count, struct pass *pass) {
    struct ring_reader *readers = process->rings.items;
    uint32_t *busy = process->rings.busy;
    uint64_t longest = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct ring_reader *reader = &readers[busy[i]];
        uint64_t behind = reader->view.head - reader->tail;
        if (behind > longest)
            longest = behind;
    }
    uint64_t rounds = count > 1 ? (longest + SLICE - 1) / SLICE : 1;
    for (uint32_t i = 0; i < count; i++) {
        struct ring_reader *reader = &readers[busy[i]];
        reader->slice = count > 1 ? (reader->view.head - reader->tail + rounds - 1) / rounds : CHUNK;
    }
    while (count) {
        if (!wait_is_over(process, busy, count))
            begin_next_moment(process, busy, count);
        for (uint32_t i = 0; i < count;) {
            struct ring_reader *reader = &readers[busy[i]];
            if (reader->waits && is_ahead(process, reader->next_moment))
                i++;
            else if (read_slice(process, busy[i], reader->slice, pass))
                i++;
            else
                busy[i] = busy[--count];
        }
    }
}

/* What the first ring holds without tickets comes before all that the others were seen to hold. True when it
 * holds more, to be read beside them. */
static bool read_in_order(struct process *process, uint64_t slice, struct pass *pass) {
    const uint32_t first = 0;
    bool more = true;
    while (more && !process->ordered) {
        if (!wait_is_over(process, &first, 1))
            begin_next_moment(process, &first, 1);
        more = read_slice(process, first, slice, pass);
    }
    return more;
}

void rings_read(struct process *process, struct pass *pass) {
    struct rings *rings = &process->rings;
    uint32_t count = segment_rings(&process->segment), busy = 0;
    if (unlikely(segment_has_lost(&process->segment)))
        process->blocks.careful = process->python_blocks.careful = true;
    if (!array_reserve(&rings->items, &rings->capacity, count, sizeof *rings->items) ||
        !array_reserve(&rings->busy, &rings->busy_capacity, count, sizeof *rings->busy))
        count = rings->busy_capacity < rings->capacity ? rings->busy_capacity : rings->capacity;
    for (uint32_t i = 1; i < count; i++)
        if (look(process, i, pass))
            rings->busy[busy++] = i;
    /* The first ring's head is looked at last. Where it stops at a clock ahead, so do the others. */
    if (count && look(process, 0, pass) && read_in_order(process, busy ? SLICE : CHUNK, pass))
        rings->busy[busy++] = 0;
    read_side_by_side(process, busy, pass);
}

uint64_t rings_all_drained_us(const struct process *process) {
    uint64_t oldest = UINT64_MAX;
    uint32_t count = segment_rings(&process->segment);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t drained = i < process->rings.capacity ? process->rings.items[i].drained_us : 0;
        if (drained < oldest)
            oldest = drained;
    }
    return oldest;
}

uint64_t rings_lost(const struct process *process) {
    uint64_t lost = 0;
    uint32_t count = segment_rings(&process->segment);
    for (uint32_t i = 0; i < count; i++)
        lost += segment_counter(__atomic_load_n(&segment_ring(&process->segment, i)->lost, __ATOMIC_RELAXED));
    return lost;
}

void rings_wake_all(const struct process *process) {
    uint32_t count = segment_rings(&process->segment);
    for (uint32_t i = 0; i < count; i++) {
        struct ring *ring = segment_ring(&process->segment, i);
        if (__atomic_load_n(&ring->waiting, __ATOMIC_RELAXED))
            wake(ring);
    }
}
