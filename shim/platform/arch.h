/* arch.h — picks the architecture's part of the unwinder. */
#if defined(__x86_64__)
#include "shim/unwind/x86_64.h"
#else
#error "memtrace has no unwinder for this architecture yet"
#endif
