/* fork.h — a fork in the middle of a hook: by a signal handler that interrupted it, or by an allocator.
 *
 * The child of any other fork finds the shim's memory wiped and begins anew. Here the child has the rest of
 * the hook before it, which would go on in wiped memory, and with pointers into a segment that is not there.
 * So the hook is carried over: until it has ended, the child is a process of its own kind (PROCESS_INSIDE),
 * in which nothing is traced; then it gives all of it back and attaches as any child does.
 *
 * Why every point of interruption is right: what the hook may hold a pointer to is in one of four kinds of
 * memory, and each is there in the child, at its address.
 *   - The states of the forking thread, with their Python frames and the table of code objects, have the
 *     contents they had: what a hook has read of them holds.
 *   - So has struct process up to its arrays, in which all pointers and counts are.
 *   - The arrays and the private tables (of nodes, stacks, slots) were wiped: an empty one knows nothing,
 *     and no loop in one ends by what it holds. What the hook writes there is wiped when it has ended.
 *   - The segment and the thread's rings read as zeros, private to the child: nodes and modules are not
 *     known, and what is written there, nobody reads. areas_claim finds all of it reserved.
 *
 * Waiting for the daemon ends by the phase. States and the process's own are never made half: no handler
 * comes in between (os_hold_signals). Before a hook has set `busy` and after it has cleared it, it holds no
 * pointer but the one to its state, which is mapped in any child, and looks at `live` after it has set
 * `busy`.
 */
#ifndef MEMTRACE_SHIM_FORK_H
#define MEMTRACE_SHIM_FORK_H

#include <stddef.h>

#include "shim/thread.h"

#define FORK_CARRIED offsetof(struct process, threads)

struct forking {
    bool inside;     /* a hook of this thread is under way */
    uint32_t within; /* the process it began in, where that was carried over before; 0: this one */
    uint64_t signals;
    _Alignas(struct process) uint8_t process[FORK_CARRIED];
};

/* Around the real fork, in the forking thread: before it, and after it in either process. */
void fork_begin(struct forking *f, const struct caller *caller);
void fork_in_parent(const struct forking *f);
void fork_in_child(const struct forking *f);

/* Is this call made in a child in which a hook of the parent has not ended yet? It is to pass through
 * untraced. */
bool fork_is_carried(const struct caller *caller);

#endif
