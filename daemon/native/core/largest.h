/* largest.h — the largest live blocks of a process, kept when the process ends.
 *
 * Asked while it runs they are looked for in its tables; those go away at its end, so that a fixed number of
 * blocks is put aside before. Never more than LARGEST_BLOCKS of them: a snapshot must not grow with live
 * blocks.
 */
#ifndef MEMTRACE_CORE_LARGEST_H
#define MEMTRACE_CORE_LARGEST_H

#include "daemon/native/core/blocks.h"
#include "daemon/native/core/sites.h"
#include "proto/records.h"

/* Finds them, largest first, those of equal size by address. Returns how many; `out` has room for
 * LARGEST_BLOCKS. */
uint32_t largest_find(const struct blocks *heap, const struct blocks *python, const struct sites *sites,
                      struct block_record *out);

#endif
