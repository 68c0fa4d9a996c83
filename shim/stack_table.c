/* stack_table.c — from a stack's key to its id. Rules: stack_table.h. */
#include "shim/stack_table.h"

#include "shim/growth.h"
#include "shim/platform/os.h"
#include "shim/process.h"

#define TABLE_START (UINT32_C(1) << 12)
#define TABLE_MOST  (UINT32_C(1) << 25) /* half of it: 16 million stacks; beyond, the tree is searched */

/* Claimed by its first word, valid once it has a stack. The two words together with the slot's place hold 96
 * bits of the key and more of its hash; high's lower half takes part through the hash. */
struct table_entry {
    uint64_t low;
    uint32_t high;
    uint32_t stack;
};

struct stack_table {
    uint32_t mask;
    uint32_t used;
    struct table_entry entry[];
};

static struct process_range tables; /* survives a fork */

static uint64_t table_bytes(uint32_t entries) {
    return sizeof(struct stack_table) + (uint64_t)entries * sizeof(struct table_entry);
}

static struct stack_table *table_create(uint32_t entries) {
    struct stack_table *table = os_map_private(table_bytes(entries));
    if (table)
        table->mask = entries - 1;
    return table;
}

bool stack_table_start(void) {
    struct stack_table *table = process_inherit(&tables, table_bytes(TABLE_START));
    if (table)
        table->mask = (uint32_t)((tables.bytes - sizeof *table) / sizeof(struct table_entry)) - 1;
    process->stack_table = table;
    return table != NULL;
}

void stack_table_forget(void) {
    os_discard(tables.base, tables.bytes);
}

/* The words by which an entry is known. `low` is never 0. */
INLINE struct table_entry entry_of(struct stack_key key, uint32_t stack) {
    return (struct table_entry){key_hash(key), (uint32_t)(key.low ^ key.high), stack};
}

INLINE uint32_t place_of(const struct stack_table *table, uint64_t low) {
    return (uint32_t)(low >> 20) & table->mask;
}

uint32_t stack_table_find(struct stack_key key) {
    const struct stack_table *table = load_acquire(&process->stack_table);
    struct table_entry wanted = entry_of(key, 0);
    uint32_t at = place_of(table, wanted.low);
    for (uint32_t probes = 0; probes <= table->mask; probes++, at = (at + 1) & table->mask) {
        const struct table_entry *entry = &table->entry[at];
        uint64_t low = load_acquire(&entry->low);
        if (!low)
            return 0;
        uint32_t stack = load_acquire(&entry->stack);
        /* Read once more at the end: who slept may be in a table that was given back and written anew. */
        if (low == wanted.low && stack && load_acquire(&entry->high) == wanted.high &&
            load_relaxed(&entry->low) == low)
            return stack;
    }
    return 0;
}

static bool insert(struct stack_table *table, struct table_entry fresh) {
    uint32_t at = place_of(table, fresh.low);
    for (uint32_t probes = 0; probes <= table->mask; probes++, at = (at + 1) & table->mask) {
        struct table_entry *entry = &table->entry[at];
        uint64_t low = 0;
        if (__atomic_compare_exchange_n(&entry->low, &low, fresh.low, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE)) {
            store_relaxed(&entry->high, fresh.high);
            store_release(&entry->stack, fresh.stack);
            return true;
        }
        if (low == fresh.low)
            return false; /* another thread was faster; or two keys share 64 bits, and the second stays slow
                           */
    }
    return false; /* full: it could not grow */
}

static void grow(struct stack_table *old) {
    uint64_t signals;
    if (old->mask + 1 >= TABLE_MOST || !growth_begin(&process->stack_table_growing, &signals))
        return;
    /* A thread that slept since it read `old` may come when that has been replaced. */
    bool current = load_acquire(&process->stack_table) == old;
    struct stack_table *larger = current ? table_create((old->mask + 1) * 4) : NULL;
    if (larger) {
        for (uint32_t at = 0; at <= old->mask; at++) {
            uint32_t stack = load_acquire(&old->entry[at].stack);
            if (stack)
                larger->used += insert(larger, old->entry[at]);
        }
        store_release(&process->stack_table, larger);
        process_bequeath(&tables, larger, table_bytes(larger->mask + 1));
        os_discard(old->entry, (uint64_t)(old->mask + 1) * sizeof(struct table_entry));
    }
    growth_end(&process->stack_table_growing, signals);
}

void stack_table_add(struct stack_key key, uint32_t stack) {
    struct stack_table *table = load_acquire(&process->stack_table);
    if (!stack)
        return;
    if (load_relaxed(&table->used) > table->mask / 4 * 3)
        return; /* full: it could not grow */
    if (insert(table, entry_of(key, stack)) &&
        __atomic_add_fetch(&table->used, 1, __ATOMIC_RELAXED) > table->mask / 2)
        grow(table);
}
