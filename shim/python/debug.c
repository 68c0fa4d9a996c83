/* debug.c — see debug.h. */
#include "shim/python/debug.h"

const struct python_debug *debug_of(const struct python_allocator *allocator, int domain) {
    const struct python_debug *debug = allocator->context;
    uintptr_t at = (uintptr_t)debug;
    bool may_be =
        at >= python.base && at + sizeof *debug <= python.end && at % _Alignof(struct python_debug) == 0;
    return may_be && debug->domain == (domain == PYTHON_MEM ? 'm' : 'o') && debug->beneath.malloc ? debug
                                                                                                  : NULL;
}

bool debug_move_beneath(int domain, const struct python_allocator *beneath) {
    if (!python.set_up_debug)
        return false;
    python.set_allocator(domain, beneath);
    python.set_up_debug();
    return true;
}
