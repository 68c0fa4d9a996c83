/* arch.h — picks the architecture's part of the unwinder and what else differs between processors. */
#ifndef MEMTRACE_SHIM_ARCH_H
#define MEMTRACE_SHIM_ARCH_H

#if defined(__x86_64__)
#include "shim/platform/x86_64.h"
#include "shim/unwind/x86_64.h"
#elif defined(__aarch64__)
#include "shim/platform/aarch64.h"
#include "shim/unwind/aarch64.h"
#else
#error "memtrace has no unwinder for this architecture yet"
#endif

#endif
