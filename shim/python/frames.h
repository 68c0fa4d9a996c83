/* frames.h — the Python frames of a thread, read from the interpreter's own structures.
 *
 * Nothing is called and nothing is counted up: the frames of the running thread hold still while it is inside
 * a call. A thread remembers its last Python stack; a walk goes from the innermost frame until it meets a
 * remembered one and then reads all outer frames once more: where each still has the code, the instruction
 * and the caller it had, the outer part is the remembered one. That is exact (every frame is read), and quick
 * because the addresses to read are known beforehand.
 *
 * It costs time in proportion to the depth, though, and so a stack of more than PYTHON_FRAMES is cut: its
 * innermost PYTHON_CUT frames are kept, marked, and where the next walk ends at the same outermost one that
 * is as far as it goes. So an allocation costs no more however deep it is. Where frames have come or gone
 * until too many or too few are left, the cut is made anew: once in hundreds of calls or returns.
 */
#ifndef MEMTRACE_SHIM_PYTHON_FRAMES_H
#define MEMTRACE_SHIM_PYTHON_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/thread.h"

#define PYTHON_CUT_FEWEST  256
#define PYTHON_CUT         512
#define PYTHON_CUT_MOST    1024
#define PYTHON_FRAMES      (4096 + PYTHON_CUT - PYTHON_CUT_FEWEST) /* up to 4096 are always whole */
#define PYTHON_MERGED      (PYTHON_FRAMES + WALK_LEAF_FRAMES + WALK_ROOT_FRAMES + 2)
#define PYTHON_FRAME_INDEX 4096
#define PYTHON_CHILDREN    4096

/* Frames are numbered from the root. */
struct python_frame {
    uintptr_t frame;
    uintptr_t instruction; /* a pointer into the code; before 3.11 an index */
    uintptr_t back;        /* its link outwards, as read */
    uintptr_t next;        /* the Python frame outside it */
    uintptr_t code;
    uint32_t node;
    uint32_t from_c; /* 1: called from C */
};

struct python_frames {
    uint32_t count;
    uint32_t epoch; /* of the code objects, when this was remembered */
    bool cut;       /* there are frames outside of at[0] */
    struct python_frame at[PYTHON_FRAMES];
    struct python_frame fresh[PYTHON_FRAMES]; /* of the walk under way, innermost first */
    uint16_t index[PYTHON_FRAME_INDEX];       /* candidates by address */

    /* Recent nodes of this thread by what they stand for, direct-mapped. */
    struct python_child {
        uintptr_t code;
        uintptr_t instruction; /* shifted left, bit 0: called from C */
        uint32_t parent;
        uint32_t node;
    } children[PYTHON_CHILDREN];

    uint64_t merged[PYTHON_MERGED]; /* for merge.c */
};

/* The node of this thread's Python stack in the tree. STACK_NONE: no Python code runs. */
uint32_t python_frames_node(struct thread *t, void *thread_state);

#endif
