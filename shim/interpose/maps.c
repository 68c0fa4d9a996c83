/* maps.c — mmap, munmap, mremap, mprotect: a kind of their own, never mixed into the heap's totals.
 *
 * Only calls that come through the dynamic linker are seen: the C library's own mappings (thread stacks,
 * large malloc blocks) are not, and the latter are counted as heap blocks anyway.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/real.h"
#include "shim/trace.h"
#include "shim/unwind/readable.h"

#ifndef MREMAP_DONTUNMAP /* glibc 2.32 */
#define MREMAP_DONTUNMAP 4
#endif

typedef void *map_function(void *, size_t, int, int, int, off_t);

static inline void *map(map_function *function, void *address, size_t length, int protection, int flags,
                        int fd, off_t offset, const struct caller *caller) {
    struct thread *t = trace_enter(caller);
    void *mapped = function(address, length, protection, flags, fd, offset);
    if (flags & MAP_FIXED)
        readable_changed();
    if (!t)
        return mapped;
    if (mapped != MAP_FAILED)
        trace_map(t, mapped, length, caller);
    trace_leave(t);
    return mapped;
}

static void *map_by_system_call(void *address, size_t length, int protection, int flags, int fd,
                                off_t offset) {
    return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}

EXPORT void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    map_function *function = real_available_below_malloc() ? real.mmap : map_by_system_call;
    return map(function, address, length, protection, flags, fd, offset, CALLER());
}

EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
    map_function *function = real_available_below_malloc() && real.mmap64 ? real.mmap64 : map_by_system_call;
    return map(function, address, length, protection, flags, fd, offset, CALLER());
}

EXPORT int munmap(void *address, size_t length) {
    if (!real_available_below_malloc())
        return (int)syscall(SYS_munmap, address, length);
    struct thread *t = trace_enter(CALLER());
    uint32_t ticket = t ? trace_draw_map(t) : 0;
    int result = real.munmap(address, length);
    readable_changed();
    if (t) {
        trace_unmap(t, address, result == 0 ? length : 0, ticket);
        trace_leave(t);
    }
    return result;
}

EXPORT void *mremap(void *old, size_t old_length, size_t length, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    void *wanted = flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) ? va_arg(arguments, void *) : NULL;
    va_end(arguments);
    if (!real_available_below_malloc())
        return (void *)syscall(SYS_mremap, old, old_length, length, flags, wanted);
    const struct caller *caller = CALLER();
    struct thread *t = trace_enter(caller);
    uint32_t ticket = t ? trace_draw_map(t) : 0;
    void *mapped = real.mremap(old, old_length, length, flags, wanted);
    readable_changed();
    if (t) {
        bool moved = mapped != MAP_FAILED && !(flags & MREMAP_DONTUNMAP);
        trace_unmap(t, old, moved ? old_length : 0, ticket);
        if (mapped != MAP_FAILED)
            trace_map(t, mapped, length, caller);
        trace_leave(t);
    }
    return mapped;
}

/* Moves no memory; what could be read may be so no longer. */
EXPORT int mprotect(void *address, size_t length, int protection) {
    if (!real_available_below_malloc())
        return (int)syscall(SYS_mprotect, address, length, protection);
    int result = real.mprotect(address, length, protection);
    readable_changed();
    return result;
}
