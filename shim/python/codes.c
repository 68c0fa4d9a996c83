/* codes.c — the table of code objects by address. Rules: codes.h. */
#include "shim/python/codes.h"

#include "shim/platform/os.h"
#include "shim/python/interpreter.h"

#define SPINS (1 << 14) /* longer than a record takes */

static struct codes *table(void) {
    struct codes *codes = load_acquire(&process->codes), *none = NULL;
    if (codes)
        return codes;
    codes = os_map_private(sizeof *codes);
    if (!codes)
        return NULL;
    codes->epoch = 1;
    if (__atomic_compare_exchange_n(&process->codes, &none, codes, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return codes;
    os_unmap(codes, sizeof *codes);
    return none;
}

/* Whatever an address stood for is not known any more. Memory that cannot be trusted is left where it is. */
static void void_addresses(struct codes *codes, bool is_whole) {
    if (is_whole && codes->slot)
        os_unmap(codes->slot, codes->slots * sizeof *codes->slot);
    codes->slot = NULL;
    codes->slots = codes->used = 0;
    __atomic_add_fetch(&codes->epoch, 1, __ATOMIC_RELEASE);
}

/* An owner that left in the middle for good: by a signal handler, or it is dead. */
static bool take_over(struct codes *codes, struct thread *owner, struct thread *t) {
    if (owner != t &&
        (os_thread_lives(process->pid, load_relaxed(&owner->tid)) ||
         !__atomic_compare_exchange_n(&codes->owner, &owner, t, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)))
        return false;
    void_addresses(codes, false);
    codes->records.slot = NULL;
    codes->records.slots = codes->records.used = 0;
    return true;
}

static bool take(struct codes *codes, struct thread *t) {
    struct thread *owner = NULL;
    for (int spins = 0;
         !__atomic_compare_exchange_n(&codes->owner, &owner, t, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
         spins++) {
        if (owner == t || spins == SPINS) {
            if (take_over(codes, owner, t))
                break;
            return false;
        }
        owner = NULL;
        arch_pause();
    }
    if (unlikely(__atomic_exchange_n(&codes->missed, 0, __ATOMIC_ACQ_REL)))
        void_addresses(codes, true);
    return true;
}

static void leave(struct codes *codes) {
    store_release(&codes->owner, NULL);
}

INLINE struct code_slot *first_slot(struct code_slot *slot, uint32_t slots, uintptr_t address) {
    return &slot[(address >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (slots - 1)];
}

INLINE struct code_slot *next_slot(struct code_slot *slot, uint32_t slots, struct code_slot *at) {
    return at + 1 < slot + slots ? at + 1 : slot;
}

/* Room for one more, at most half full; the dead stay behind. False: there is no memory. */
static bool make_room(struct codes *codes) {
    if (codes->used < codes->slots / 2)
        return true;
    uint32_t live = 0, slots = CODES_START_SLOTS;
    for (uint32_t i = 0; i < codes->slots; i++)
        live += codes->slot[i].id != 0;
    while (slots / 4 <= live)
        slots *= 2;
    struct code_slot *fresh = os_map_private(slots * sizeof *fresh), *old = codes->slot;
    if (!fresh)
        return false;
    for (uint32_t i = 0; i < codes->slots; i++) {
        if (!old[i].id)
            continue;
        struct code_slot *at = first_slot(fresh, slots, old[i].address);
        while (at->address)
            at = next_slot(fresh, slots, at);
        *at = old[i];
    }
    codes->slot = fresh;
    if (old)
        os_unmap(old, codes->slots * sizeof *old);
    codes->slots = slots;
    codes->used = live;
    return true;
}

/* The slot of this address, or the free one where it would be. There is one, for half of them are. */
static struct code_slot *find(struct codes *codes, uintptr_t address) {
    struct code_slot *at = first_slot(codes->slot, codes->slots, address);
    while (at->address && at->address != address)
        at = next_slot(codes->slot, codes->slots, at);
    return at;
}

/* False: there is no memory to remember the address in. */
static bool find_or_record(struct codes *codes, uintptr_t code, uint32_t *id) {
    bool has_room = make_room(codes);
    struct code_slot *slot = codes->slots ? find(codes, code) : NULL;
    *id = slot && slot->address ? slot->id : 0;
    if (*id)
        return true;
    *id = records_id(&codes->records, code);
    if (!slot || (!slot->address && !has_room))
        return false;
    if (*id) {
        uint64_t bit = codes_filter_bit(code);
        __atomic_fetch_or(&codes->filter[bit / 64], UINT64_C(1) << bit % 64, __ATOMIC_RELEASE);
        codes->used += !slot->address;
        *slot = (struct code_slot){code, *id};
    }
    return true;
}

uint32_t codes_id(struct thread *t, uintptr_t code, bool *kept) {
    uint32_t id;
    if (*(void **)(code + PYTHON_TYPE) != python.code_type)
        return CODES_NOT_CODE;
    struct codes *codes = table();
    if (!codes || !take(codes, t)) {
        *kept = false;
        return records_id(NULL, code);
    }
    if (!find_or_record(codes, code, &id))
        *kept = false;
    leave(codes);
    return id;
}

void codes_forget_slow(struct thread *t, struct codes *codes, uintptr_t address) {
    if (!t || t != thread_self || !take(codes, t)) {
        store_release(&codes->missed, 1);
        __atomic_add_fetch(&codes->epoch, 1, __ATOMIC_RELEASE);
        return;
    }
    struct code_slot *slot = codes->slots ? find(codes, address) : NULL;
    if (slot && slot->address && slot->id) {
        slot->id = 0;
        __atomic_add_fetch(&codes->epoch, 1, __ATOMIC_RELEASE);
    }
    leave(codes);
}
