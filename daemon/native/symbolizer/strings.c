/* strings.c — text to number, open addressing. Only grows: the texts outlive
 * the modules they came from, because the daemon remembers their numbers.
 */
#include "strings.h"
#include "array.h"

struct string_slot {
    char *text;
    uint64_t hash;
    uint32_t value;
};

static uint64_t hash_of(const char *text) {
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash ^ hash >> 29;
}

static void rehash(struct strings *strings) {
    size_t capacity = strings->capacity ? strings->capacity * 2 : 1024;
    struct string_slot *slots = calloc(capacity, sizeof *slots);
    if (!slots)
        abort();
    for (size_t i = 0; i < strings->capacity; i++) {
        if (!strings->slots[i].text)
            continue;
        size_t at = strings->slots[i].hash & (capacity - 1);
        while (slots[at].text)
            at = (at + 1) & (capacity - 1);
        slots[at] = strings->slots[i];
    }
    free(strings->slots);
    strings->slots = slots;
    strings->capacity = capacity;
}

uint32_t *strings_at(struct strings *strings, const char *text, int *found) {
    if (strings->count * 2 >= strings->capacity)
        rehash(strings);
    uint64_t hash = hash_of(text);
    size_t at = hash & (strings->capacity - 1);
    for (struct string_slot *slot; (slot = &strings->slots[at])->text;
         at = (at + 1) & (strings->capacity - 1)) {
        if (slot->hash == hash && !strcmp(slot->text, text)) {
            *found = 1;
            return &slot->value;
        }
    }
    strings->slots[at] = (struct string_slot){.text = text_copy(text), .hash = hash};
    strings->count++;
    *found = 0;
    return &strings->slots[at].value;
}
