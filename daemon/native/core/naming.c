/* naming.c — see naming.h. */
#include "daemon/native/core/naming.h"

#include <stdlib.h>

#include "daemon/native/core/memory.h"

#define FIRST_SLOTS 64

static struct place_record place_of(const struct segment *segment, const struct node *node,
                                    uint32_t modules) {
    if (node->module == MODULE_PYTHON) {
        uint64_t offset = node->pc & NODE_PYTHON_OFFSET_MASK;
        uint32_t code = (uint32_t)(node->pc >> NODE_PYTHON_CODE_SHIFT) & NODE_PYTHON_CODE_MASK;
        return (struct place_record){offset, offset, MODULE_PYTHON, code};
    }
    bool in_module = node->module < modules;
    uint64_t offset = node->pc & ~NODE_PC_EXACT;
    if (in_module)
        offset -= segment->modules[node->module].bias;
    /* A return address may be the first one of the next function: the call before it is looked up. */
    uint64_t lookup = node->pc & NODE_PC_EXACT || offset == 0 ? offset : offset - 1;
    return (struct place_record){lookup, offset, in_module ? node->module : MODULE_NONE, 0};
}

static bool is_same(const struct place_record *a, const struct place_record *b) {
    return a->lookup == b->lookup && a->module == b->module && a->code == b->code;
}

/* Where a place is, or belongs. */
static uint32_t *slot_of(const struct naming *naming, const struct place_record *record) {
    uint32_t mask = naming->slots_count - 1;
    uint64_t at = mix64(record->lookup ^ (uint64_t)record->module << 32 ^ (uint64_t)record->code << 34);
    for (;; at++) {
        uint32_t *slot = &naming->slots[at & mask];
        if (!*slot || is_same(&naming->places[*slot - 1].record, record))
            return slot;
    }
}

/* Room for one more place, with slots to spare. */
static bool reserve_place(struct naming *naming) {
    if (!array_reserve(&naming->places, &naming->places_capacity, naming->places_count + UINT64_C(1),
                       sizeof *naming->places))
        return false;
    if (2 * (naming->places_count + UINT64_C(1)) < naming->slots_count)
        return true;
    uint32_t count = naming->slots_count ? 2 * naming->slots_count : FIRST_SLOTS;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    free(naming->slots);
    naming->slots = slots;
    naming->slots_count = count;
    for (uint32_t place = 0; place < naming->places_count; place++)
        *slot_of(naming, &naming->places[place].record) = place + 1;
    return true;
}

uint32_t naming_take(struct naming *naming, struct segment *segment, uint32_t most) {
    uint32_t nodes = segment_nodes_complete(segment), modules = segment_modules(segment);
    if (naming->taken < STACK_FIRST_NODE)
        naming->taken = naming->grown = STACK_FIRST_NODE;
    uint32_t end = nodes <= naming->taken         ? naming->taken
                   : nodes - naming->taken < most ? nodes
                                                  : naming->taken + most;
    if (!array_reserve(&naming->of_node, &naming->of_node_capacity, end, sizeof *naming->of_node))
        return 0;
    uint32_t first = naming->taken;
    for (; naming->taken < end && reserve_place(naming); naming->taken++) {
        struct node node = segment_node(segment, naming->taken);
        struct place_record record = place_of(segment, &node, modules);
        uint32_t *slot = slot_of(naming, &record);
        if (!*slot) {
            naming->places[naming->places_count] = (struct place){.record = record};
            *slot = ++naming->places_count;
        }
        struct place *place = &naming->places[*slot - 1];
        if (*slot <= naming->places_named)
            naming->due += place->frames.count;
        else
            place->waiting++;
        naming->of_node[naming->taken] = (int32_t)(*slot - 1);
    }
    return naming->taken - first;
}

void naming_name(struct naming *naming, const struct place_frames *frames, uint32_t count) {
    for (uint32_t i = 0; i < count && naming->places_named < naming->places_count; i++) {
        struct place *place = &naming->places[naming->places_named++];
        place->frames = frames[i];
        naming->due += place->waiting * frames[i].count;
    }
}

uint32_t naming_grow(struct naming *naming, const struct segment *segment, int32_t first, int32_t *parent,
                     int32_t *frame, uint32_t capacity) {
    uint32_t count = 0;
    for (; naming->grown < naming->taken; naming->grown++) {
        uint32_t place = (uint32_t)naming->of_node[naming->grown];
        if (place >= naming->places_named)
            break;
        struct place_frames frames = naming->places[place].frames;
        if (frames.count > capacity - count)
            break;
        int32_t stack = naming_stack(naming, segment_node(segment, naming->grown).parent);
        for (uint32_t i = 0; i < frames.count; i++) {
            parent[count] = stack;
            frame[count] = (int32_t)(frames.first + i);
            stack = first + (int32_t)count++;
        }
        naming->of_node[naming->grown] = stack;
    }
    naming->due -= count;
    return count;
}

int32_t naming_stack(const struct naming *naming, uint32_t node) {
    return node >= STACK_FIRST_NODE && node < naming->grown ? naming->of_node[node] : STACK_UNKNOWN;
}

void naming_free(struct naming *naming) {
    free(naming->places);
    free(naming->slots);
    free(naming->of_node);
    *naming = (struct naming){0};
}
