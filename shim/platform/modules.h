/* modules.h — which loaded module an address belongs to.
 *
 * platform_find_module never allocates or locks, any thread, any signal handler, also inside malloc: it must
 * not be built on dl_iterate_phdr, which takes the loader's lock.
 */
#ifndef MEMTRACE_SHIM_PLATFORM_MODULES_H
#define MEMTRACE_SHIM_PLATFORM_MODULES_H

#include <stdbool.h>
#include <stdint.h>

struct loaded_module {
    uintptr_t base; /* mapped range */
    uintptr_t end;
    uintptr_t bias;                 /* run-time address = bias + link-time address */
    const char *path;               /* as the loader knows it; "" for the main program */
    const uint8_t *eh_frame_header; /* .eh_frame_hdr, or NULL */
};

bool platform_find_module(uintptr_t pc, struct loaded_module *module);
/* Do both addresses lie in the same module? Unlike dladdr this does not look through its symbols: that takes
 * 15 us in libc, for each of the functions that every process begins with. */
bool platform_is_one_module(uintptr_t a, uintptr_t b);
/* The main program. */
bool platform_find_program(struct loaded_module *module);
/* To be called after a library may have been unloaded, and in a forked child. */
void platform_forget_modules(void);

/* Is it the dynamic loader of this process? Its entry code is the root of what runs before the program's own.
 */
bool platform_is_loader(const struct loaded_module *module);

/* Copies the module's build-id; its length in bytes, 0 when it has none. At most `size`, longer ones are cut.
 */
uint32_t platform_build_id(const struct loaded_module *module, uint8_t *id, uint32_t size);

#endif
