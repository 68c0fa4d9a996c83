/* strays.h — halves of lives whose other half is overdue.
 *
 * After a ticket was given up (order.h), an address may be freed without having been allocated, or allocated
 * twice. If the missing event comes after all, this tells what it was: the two then cancel out.
 * Small and bounded; forgetting one costs an unknown free.
 */
#ifndef MEMTRACE_CORE_STRAYS_H
#define MEMTRACE_CORE_STRAYS_H

#include <stdbool.h>
#include <stdint.h>

#define STRAYS 256u

enum stray_kind {
    STRAY_NONE = 0,
    STRAY_FREE,  /* a free was counted as unknown: a late allocation of this address was its own */
    STRAY_CLOSED /* a block was closed because its address was allocated again: its free may come late */
};

struct stray {
    uint64_t address;
    uint32_t thread; /* of the event that was seen */
    enum stray_kind kind;
};

struct strays {
    struct stray *items; /* a ring of STRAYS, or NULL */
    uint32_t next;
};

void strays_add(struct strays *strays, uint64_t address, enum stray_kind kind, uint32_t thread);
/* Takes one of this address and kind out, with its thread; false when there is none. */
bool strays_take(struct strays *strays, uint64_t address, enum stray_kind kind, uint32_t *thread);
void strays_free(struct strays *strays);

#endif
