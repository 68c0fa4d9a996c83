/* areas.h — the room in this process's segment: where each of its areas lies, what of it the system has
 * given, and what is in use.
 *
 * An area has addresses for all that it could ever hold; memory is reserved piece by piece before anything is
 * written there, so that a full /dev/shm is an answer here and never a SIGBUS in the program. Lock-free.
 */
#ifndef MEMTRACE_SHIM_AREAS_H
#define MEMTRACE_SHIM_AREAS_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/process.h"

/* Gives a new segment file its length, and maps it: as much as the limits of the program leave room for.
 * `header` gets the layout, `process` the addresses. False: there is no room. */
bool areas_map(int fd, struct segment_header *header);

#define CLAIM_NONE UINT32_MAX
/* Takes `items` consecutive items of an area whose `count` is in `process->own`, and publishes the new count
 * in the segment's header, so that it never covers memory that was not reserved. Where more has to be
 * reserved, at most `ahead` bytes more than needed. The first of them, or CLAIM_NONE when there is no room.
 */
uint32_t areas_claim(uint32_t *count, uint32_t capacity, uint32_t items, uint64_t area_offset,
                     uint64_t *reserved, uint32_t item_bytes, uint64_t ahead);
/* The events of a ring, of which the first `events` may be used from now on. NULL: no room. */
struct event *areas_map_ring(uint32_t index, uint32_t events);
/* Makes that many of a ring's events usable. */
bool areas_grow_ring(uint32_t index, uint32_t events);

/* Gives back the address space that is kept for what may come: the program is about to limit its own to so
 * many bytes. What is there goes on being recorded; tables that are full earlier count what they cannot
 * take. */
void areas_shrink(uint64_t limit);
/* Takes ahead what can still be had: after this the system may not be asked for anything (os_be_silent). */
void areas_prepare_silence(void);

#endif
