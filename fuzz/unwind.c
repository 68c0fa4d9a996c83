/* unwind.c — libFuzzer: call frame information that lies, compiled to unwind rules, in a module of its own.
 *
 * Input: 16 bits that say where the module's .eh_frame_hdr is, and the module as it is mapped.
 * The module ends where the input ends, so that a read beyond it is seen by the address sanitizer.
 */
#include <stdlib.h>
#include <string.h>

#include "shim/platform/arch.h"
#include "shim/platform/modules.h"
#include "shim/unwind/cfi.h"
#include "shim/unwind/rules.h"

static const uint8_t *module_start, *module_end, *header;

bool platform_find_module(uintptr_t pc, struct loaded_module *module) {
    if (pc < (uintptr_t)module_start || pc >= (uintptr_t)module_end)
        return false;
    memset(module, 0, sizeof *module);
    module->base = (uintptr_t)module_start;
    module->end = (uintptr_t)module_end;
    module->path = "";
    module->eh_frame_header = header;
    return true;
}
bool platform_is_loader(const struct loaded_module *module) {
    (void)module;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 16)
        return 0;
    uint16_t offset;
    memcpy(&offset, data, sizeof offset);
    data += sizeof offset, size -= sizeof offset;
    uint8_t *copy = malloc(size);
    memcpy(copy, data, size);
    module_start = copy;
    header = copy + offset % size;
    module_end = copy + size;
    for (size_t at = 0; at < size; at += 1 + size / 64)
        rule_compile((uintptr_t)copy + at);
    free(copy);
    return 0;
}
