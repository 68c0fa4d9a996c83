/* strays.c — see strays.h. */
#define _GNU_SOURCE
#include "daemon/native/core/strays.h"

#include <stdlib.h>

void strays_add(struct strays *strays, uint64_t address, enum stray_kind kind, uint32_t thread) {
    if (!strays->items && !(strays->items = calloc(STRAYS, sizeof *strays->items)))
        return;
    strays->items[strays->next++ % STRAYS] = (struct stray){address, thread, kind};
}

bool strays_take(struct strays *strays, uint64_t address, enum stray_kind kind, uint32_t *thread) {
    for (uint32_t i = 0; strays->items && i < STRAYS; i++) {
        struct stray *stray = &strays->items[i];
        if (stray->address != address || stray->kind != kind)
            continue;
        stray->kind = STRAY_NONE;
        *thread = stray->thread;
        return true;
    }
    return false;
}

void strays_free(struct strays *strays) {
    free(strays->items);
    *strays = (struct strays){0};
}
