/* owners.c — see owners.h. */
#define _GNU_SOURCE
#include "daemon/native/core/owners.h"

#include <stdlib.h>

static uint32_t *slot_of(uint32_t *slots, uint32_t capacity, const struct owner *others, uint32_t site,
                         uint32_t thread) {
    uint32_t i = (uint32_t)mix64((uint64_t)site << 32 | thread) & (capacity - 1);
    while (slots[i] && (others[slots[i] - 1].site != site || others[slots[i] - 1].thread != thread))
        i = (i + 1) & (capacity - 1);
    return &slots[i];
}

static bool slots_grow(struct owners *owners) {
    uint32_t capacity = owners->slots_capacity ? owners->slots_capacity * 2 : 64;
    uint32_t *slots = calloc(capacity, sizeof *slots);
    if (!slots)
        return false;
    for (uint32_t i = 0; i < owners->count; i++)
        *slot_of(slots, capacity, owners->others, owners->others[i].site, owners->others[i].thread) = i + 1;
    free(owners->slots);
    owners->slots = slots;
    owners->slots_capacity = capacity;
    return true;
}

uint32_t owners_of_other(struct owners *owners, uint32_t site, uint32_t thread) {
    bool is_full = owners->count >= OWNER_PAIRS_MOST;
    if (!is_full && owners->count * UINT64_C(2) >= owners->slots_capacity && !slots_grow(owners))
        return OWNER_NONE;
    uint32_t *slot = slot_of(owners->slots, owners->slots_capacity, owners->others, site, thread);
    if (*slot)
        return OWNER_OTHERS + *slot - 1;
    if (is_full || !array_reserve(&owners->others, &owners->capacity, owners->count + UINT64_C(1),
                                  sizeof *owners->others))
        return OWNER_NONE;
    owners->others[owners->count++] = (struct owner){site, thread};
    *slot = owners->count;
    return OWNER_OTHERS + owners->count - 1;
}

void owners_free(struct owners *owners) {
    free(owners->others);
    free(owners->slots);
    *owners = (struct owners){0};
}
