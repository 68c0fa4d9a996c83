/* registry.c — all defined modules, and the bound on what open ones cost.
 *
 * The module used last always stays open: evicting it would only mean to read
 * it again.
 */
#define _GNU_SOURCE
#include "registry.h"
#include "array.h"
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#define OPEN_MAX_MODULES  128
#define MEMORY_LIMIT_MIB  512 /* $MEMTRACE_SYMBOLIZER_MIB overrides it */
#define MODULE_NUMBER_MAX 1000000

static struct module **modules;
static size_t module_count, module_capacity;
static size_t open_count;
static unsigned long clock_ticks;

void registry_define(unsigned number, const char *build_id, const char *source, const char *name) {
    if (number >= MODULE_NUMBER_MAX)
        return;
    while (module_count <= number)
        *ARRAY_PUSH(modules, module_count, module_capacity) = NULL;
    struct module *module = modules[number];
    if (!module) {
        module = modules[number] = calloc(1, sizeof *module);
        if (!module)
            abort();
    } else {
        open_count -= module->state != MODULE_CLOSED;
        module_close(module);
        free(module->build_id);
        free(module->source);
        free(module->name);
    }
    module->build_id = text_copy(build_id);
    module->source = text_copy(source);
    module->name = text_copy(name);
}

struct module *registry_open(unsigned number, bool *opened_now) {
    *opened_now = false;
    if (number >= module_count || !modules[number])
        return NULL;
    struct module *module = modules[number];
    module->last_use = ++clock_ticks;
    if (module->state == MODULE_CLOSED) {
        module_open(module);
        open_count++;
        *opened_now = true;
    }
    return module;
}

/* Memory that is ours alone: resident less file-backed pages, which the kernel can drop. */
static size_t private_mib(void) {
    unsigned long total, resident = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%lu %lu %lu", &total, &resident, &shared) != 3 || shared > resident)
        resident = shared = 0;
    fclose(file);
    return (resident - shared) * (size_t)sysconf(_SC_PAGESIZE) >> 20;
}

static size_t limit_mib(void) {
    const char *text = getenv("MEMTRACE_SYMBOLIZER_MIB");
    long limit = text ? strtol(text, NULL, 10) : 0;
    return limit > 0 ? (size_t)limit : MEMORY_LIMIT_MIB;
}

static struct module *least_recent(void) {
    struct module *oldest = NULL;
    for (size_t i = 0; i < module_count; i++)
        if (modules[i] && modules[i]->state != MODULE_CLOSED &&
            (!oldest || modules[i]->last_use < oldest->last_use))
            oldest = modules[i];
    return oldest;
}

void registry_trim(void) {
    while (open_count > 1 && (open_count > OPEN_MAX_MODULES || private_mib() > limit_mib())) {
        module_close(least_recent());
        open_count--;
        malloc_trim(0);
    }
}
