/* modules.c — records loaded modules in the segment. Rules: modules.h. */
#define _GNU_SOURCE
#include "shim/modules.h"

#include <string.h>

#include "shim/areas.h"
#include "shim/platform/modules.h"
#include "shim/platform/os.h"
#include "shim/python/interpreter.h"
#include "shim/unwind/rules.h"

#define PATH_BYTES 4096

/* An entry is complete once `end` is set; until then readers pass over it. */
static bool matches(const struct module *m, uint64_t pc) {
    return pc < load_acquire(&m->end) && pc >= m->base && !(load_relaxed(&m->flags) & MODULE_GONE);
}

bool modules_is_gone(uint32_t index) {
    return index < MODULES_CAPACITY && (load_relaxed(&process->modules[index].flags) & MODULE_GONE);
}

static bool record_path(struct module *m, const struct loaded_module *loaded) {
    const char *path = loaded->path;
    uint32_t bytes = (uint32_t)strnlen(path, PATH_BYTES - 1);
    if (!bytes) { /* the executable, which is known */
        path = (const char *)process->base + process->own.info_offset;
        bytes = process->own.executable_bytes;
    }
    uint32_t offset = areas_claim(&process->own.strings, STRINGS_BYTES, bytes, process->own.strings_offset,
                                  &process->strings_reserved, 1, 0);
    if (offset == CLAIM_NONE)
        return false;
    memcpy(process->strings + offset, path, bytes);
    m->path_offset = offset;
    m->path_bytes = (uint16_t)bytes;
    return true;
}

/* What stands there may have been written over. */
static bool has_path(const struct module *m, const char *path, size_t bytes) {
    return m->path_bytes == bytes &&
           (uint64_t)m->path_offset + bytes <= load_acquire(&process->own.strings) &&
           !memcmp(process->strings + m->path_offset, path, bytes);
}

/* A plugin that is loaded again mostly comes to lie where it did: the same file at the same place takes its
 * entry back, of which there are not many. Without a build id it may be another file. CLAIM_NONE: there is
 * none. */
static uint32_t take_back(const struct loaded_module *loaded) {
    uint8_t id[sizeof process->modules->build_id];
    uint32_t id_bytes = (uint32_t)platform_build_id(loaded, id, sizeof id);
    size_t path_bytes = strnlen(loaded->path, PATH_BYTES - 1);
    uint32_t count = load_acquire(&process->own.modules);
    for (uint32_t i = 0; i < count && id_bytes; i++) {
        struct module *m = &process->modules[i];
        uint8_t flags = load_relaxed(&m->flags);
        if (!(flags & MODULE_GONE) || m->base != loaded->base || m->end != loaded->end ||
            m->bias != loaded->bias || m->build_id_bytes != id_bytes ||
            memcmp(m->build_id, id, id_bytes) != 0 || !has_path(m, loaded->path, path_bytes))
            continue;
        store_relaxed(&m->flags, flags & ~MODULE_GONE);
        return i;
    }
    return CLAIM_NONE;
}

static uint32_t record(uint64_t pc) {
    struct loaded_module loaded;
    if (!platform_find_module(pc, &loaded))
        return MODULE_NONE;
    uint32_t known = take_back(&loaded);
    if (known != CLAIM_NONE) {
        python_look_at(&loaded);
        return known;
    }
    uint32_t index = areas_claim(&process->own.modules, MODULES_CAPACITY, 1, process->own.modules_offset,
                                 &process->modules_reserved, sizeof(struct module), 0);
    if (index == CLAIM_NONE)
        return MODULE_NONE;
    struct module *m = &process->modules[index];
    m->base = loaded.base;
    m->bias = loaded.bias;
    m->build_id_bytes = (uint8_t)platform_build_id(&loaded, m->build_id, sizeof m->build_id);
    if (!record_path(m, &loaded))
        m->path_bytes = 0;
    store_release(&m->end, loaded.end);
    python_look_at(&loaded);
    return index;
}

static bool is_there(const struct module *m) {
    struct loaded_module now;
    if (!platform_find_module(m->base, &now) || now.base != m->base || now.end != m->end ||
        now.bias != m->bias)
        return false;
    size_t bytes = strnlen(now.path, PATH_BYTES - 1);
    /* The executable, and one whose path found no room, have none to compare. */
    return !bytes || !m->path_bytes || has_path(m, now.path, bytes);
}

static bool mark_gone(void) {
    uint32_t count = load_acquire(&process->own.modules);
    bool changed = false;
    for (uint32_t i = 0; i < count; i++) {
        struct module *m = &process->modules[i];
        if (!load_acquire(&m->end) || (m->flags & MODULE_GONE) || is_there(m))
            continue;
        store_relaxed(&m->flags, m->flags | MODULE_GONE);
        changed = true;
    }
    return changed;
}

void modules_refresh(void) {
    uint64_t signals = os_hold_signals(); /* a handler may fork: then the child has no such tables */
    platform_forget_modules();
    if (mark_gone()) {
        python_check_gone();
        rules_clear();
        __atomic_add_fetch(&process->epoch, 1, __ATOMIC_RELEASE);
    }
    os_let_signals(signals);
}

/* The entry that has `pc`; MODULE_NONE: it is not recorded. */
static uint32_t find(uint64_t pc) {
    uint32_t count = load_acquire(&process->own.modules);
    for (uint32_t i = 0; i < count; i++)
        if (matches(&process->modules[i], pc))
            return i;
    return MODULE_NONE;
}

void modules_verify(uintptr_t pc) {
    uint32_t known = find(pc);
    if (known != MODULE_NONE && !is_there(&process->modules[known]))
        modules_refresh();
}

uint32_t modules_index(uint64_t pc) {
    uint32_t known = find(pc);
    return likely(known != MODULE_NONE) ? known : record(pc);
}
