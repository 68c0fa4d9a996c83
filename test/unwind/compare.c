/* compare.c — a preload that walks every allocation's stack with the shim's unwinder and with an outside one
 * (libgcc's _Unwind_Backtrace; with -DCOMPARE_LIBUNWIND libunwind), and reports each difference. Shares no
 * code with what it checks against.
 *
 * Prints one line to the file $COMPARE_OUT at exit:
 *     checked N mismatches N truncated N afresh N further N
 * Where the outside unwinder stops at code without unwind information and the shim's goes on, by frame
 * pointers or because it knows the code, that is no mismatch, but counted as `further`.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef COMPARE_LIBUNWIND
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#else
#include <unwind.h>
#endif

#include "proto/segment.h"
#include "shim/unwind/remember.h"
#include "shim/unwind/walk.h"

#define REFERENCE_FRAMES 4096

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static unsigned long checked, mismatches, truncated, afresh, further, printed;
static __thread int busy;
static __thread struct readable range;
static __thread struct frames frames;
static __thread struct remembered remembered;
static __thread uint64_t reference[REFERENCE_FRAMES];

#ifdef COMPARE_LIBUNWIND
/* It does not say which frames were interrupted: that is left out of the comparison. */
#define COMPARED(pc) ((pc) & ~NODE_PC_EXACT)

static int walk_outside(void) {
    int n = unw_backtrace((void **)reference, REFERENCE_FRAMES);
    while (n > 0 && !reference[n - 1])
        n--;
    return n;
}
#else
#define COMPARED(pc) (pc)

struct collected {
    uint64_t *pc;
    int count;
};

static _Unwind_Reason_Code collect(struct _Unwind_Context *context, void *argument) {
    struct collected *c = argument;
    int before = 0;
    uint64_t pc = _Unwind_GetIPInfo(context, &before);
    if (c->count < REFERENCE_FRAMES && pc)
        c->pc[c->count++] = pc | (before ? NODE_PC_EXACT : 0);
    return _URC_NO_REASON;
}

static int walk_outside(void) {
    struct collected c = {reference, 0};
    _Unwind_Backtrace(collect, &c);
    return c.count;
}
#endif

static void report(const uint64_t *expected, int n) {
    if (__atomic_fetch_add(&printed, 1, __ATOMIC_RELAXED) >= 5)
        return;
    fprintf(stderr, "MISMATCH: ours %u frames%s, reference %d\n", frames.count,
            frames.truncated ? " (cut)" : "", n);
    for (int i = 0; i < (int)frames.count || i < n; i++) {
        uint64_t a = i < (int)frames.count ? frames.pc[i] : 0, b = i < n ? expected[i] : 0;
        Dl_info info = {0};
        dladdr((void *)(((a ? a : b) & ~NODE_PC_EXACT) - 1), &info);
        fprintf(stderr, "  %2d %16lx %16lx %s %s %s+%lx\n", i, a, b, a == b ? "  " : "<>", info.dli_sname,
                info.dli_fname, (a ? a : b) - (uint64_t)info.dli_fbase);
        if (i > 40)
            break;
    }
}

/* Which frame of a deep stack stands at place i of what is told of it; -1: the mark for those left out. */
static int frame_told_at(int i, int n) {
    if (n <= WALK_LEAF_FRAMES + WALK_ROOT_FRAMES || i < WALK_LEAF_FRAMES)
        return i;
    return i == WALK_LEAF_FRAMES ? -1 : n - WALK_ROOT_FRAMES + i - WALK_LEAF_FRAMES - 1;
}

static int differ(const uint64_t *expected, int n) {
    int deep = n > WALK_LEAF_FRAMES + WALK_ROOT_FRAMES;
    int told = deep ? WALK_LEAF_FRAMES + 1 + WALK_ROOT_FRAMES : n;
    if (told != (int)frames.count || (deep && !frames.truncated))
        return 1;
    for (int i = 0; i < told; i++) {
        int at = frame_told_at(i, n);
        uint64_t wanted = at < 0 ? NODE_PC_OMITTED : expected[at];
        if (COMPARED(wanted) != COMPARED(frames.pc[i]))
            return 1;
    }
    return 0;
}

extern const void *_Unwind_Find_FDE(void *pc, void *bases); /* of libgcc */

/* Is the reference the inner part of ours, up to code that it has no information of? */
static int stops_short(const uint64_t *expected, int n) {
    if (n == 0 || n >= (int)frames.count)
        return 0;
    for (int i = 0; i < n; i++)
        if (COMPARED(expected[i]) != COMPARED(frames.pc[i]))
            return 0;
    uint64_t last = frames.pc[n - 1];
    void *bases[3];
    return !_Unwind_Find_FDE((void *)((last & ~NODE_PC_EXACT) - !(last & NODE_PC_EXACT)), bases);
}

/* By the key a stack gets its number: it must be that of these very frames. */
static int has_wrong_key(void) {
    struct stack_key key = key_seed(0, 0);
    for (uint32_t i = frames.count; i-- > 0;)
        key = key_extend(key, frames.pc[i]);
    return !key_is(key, remembered_key(&remembered, key_seed(0, 0)));
}

static void check(const struct caller *caller) {
    if (busy)
        return;
    busy = 1;
    int count = walk_outside(), skip = 0;
    while (skip < count && reference[skip] != caller_pc(caller))
        skip++;
    int wrong_key = 0;
    if (!remember_walk(&remembered, caller, &range, key_seed(0, 0))) {
        __atomic_fetch_add(&afresh, 1, __ATOMIC_RELAXED);
        walk_stack(caller, &range, &frames);
    } else if (remembered_is_deep(&remembered)) {
        remember_cut(&remembered, &frames);
    } else {
        frames.truncated = false;
        frames.count = remembered_count(&remembered);
        for (uint32_t i = 0; i < frames.count; i++)
            frames.pc[i] = remembered_pc(&remembered, i);
        wrong_key = has_wrong_key();
    }
    const uint64_t *expected = reference + skip;
    int n = count - skip;
    __atomic_fetch_add(&checked, 1, __ATOMIC_RELAXED);
    if (frames.truncated)
        __atomic_fetch_add(&truncated, 1, __ATOMIC_RELAXED);
    if (stops_short(expected, n)) {
        __atomic_fetch_add(&further, 1, __ATOMIC_RELAXED);
    } else if (wrong_key || (count < REFERENCE_FRAMES && differ(expected, n))) {
        __atomic_fetch_add(&mismatches, 1, __ATOMIC_RELAXED);
        report(expected, n);
    }
    busy = 0;
}

__attribute__((visibility("default"))) void *malloc(size_t size) {
    check(CALLER());
    return __libc_malloc(size);
}
__attribute__((visibility("default"))) void *calloc(size_t count, size_t size) {
    check(CALLER());
    return __libc_calloc(count, size);
}
__attribute__((visibility("default"))) void *realloc(void *old, size_t size) {
    check(CALLER());
    return __libc_realloc(old, size);
}

__attribute__((constructor)) static void start(void) {
    busy = 1; /* libgcc allocates on its first use */
    walk_outside();
    busy = 0;
}

__attribute__((destructor)) static void finish(void) {
    const char *path = getenv("COMPARE_OUT");
    busy = 1;
    char line[128];
    int n = snprintf(line, sizeof line, "checked %lu mismatches %lu truncated %lu afresh %lu further %lu\n",
                     checked, mismatches, truncated, afresh, further);
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0644) : 2;
    if (fd < 0 || write(fd, line, (size_t)n) != n)
        _exit(99);
}
