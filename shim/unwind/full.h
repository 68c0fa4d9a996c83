/* full.h — walking with every register that call frame information can speak of.
 *
 * The rules of rules.h carry pc, sp and fp alone, which is enough for what compilers emit. A frame whose CFA
 * or return address hangs on another register (glibc's lazy binding resolver: rbx; a realigned frame that is
 * interrupted in its prologue: r10) is walked by these instead: from the shim's own registers outwards, so
 * that what the frames between have saved is known. Slow, a program of call frame instructions per frame, and
 * never remembered.
 *
 * Never allocates, locks or calls libc; any thread, inside a signal handler.
 */
#ifndef MEMTRACE_SHIM_FULL_H
#define MEMTRACE_SHIM_FULL_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/platform/arch.h"

/* By DWARF number. After a call only those are known that a function keeps for its caller. */
struct full {
    uintptr_t value[ARCH_REGISTERS];
    uint64_t known;
    uintptr_t pc;
    bool exact; /* pc was interrupted: it is no return address */
};

/* Walks from here to the frame with these registers. False: it is not reached. */
bool full_find(struct full *f, const struct registers *wanted, struct readable *range);
/* One step outwards. */
enum step full_step(struct full *f, struct readable *range);
/* The registers that the fast walk goes on with. */
struct registers full_registers(const struct full *f);

/* Per architecture: x86_64.c … */
extern const struct cfi_registers arch_saved; /* which of them call frame information is asked for */
void arch_signal_registers(uintptr_t frame, struct full *f);

#endif
