/* namer.h — plays the daemon's side of naming (daemon/native/core/naming.h): gives the places of a process
 * frames and has its stacks grown, and checks that what comes is a tree whose frames are those that it gave.
 */
#ifndef MEMTRACE_TEST_NAMER_H
#define MEMTRACE_TEST_NAMER_H

#include "test/native/writer.h"

uint32_t core_take_nodes(struct core *core, uint32_t index, uint32_t most);
uint32_t core_places(struct core *core, uint32_t index, uint32_t from, double *lookup, double *offset,
                     uint32_t *module, uint32_t *code, uint32_t capacity);
uint32_t core_name_places(struct core *core, uint32_t index, const struct place_frames *frames,
                          uint32_t count);
uint32_t core_grow_stacks(struct core *core, uint32_t index, int32_t first, int32_t *parent, int32_t *frame,
                          uint32_t capacity);
void core_stacks_of(struct core *core, uint32_t index, const uint32_t *nodes, int32_t *out, uint32_t count);

#define NAMER_PORTION 512

struct places {
    double lookup[NAMER_PORTION], offset[NAMER_PORTION];
    uint32_t module[NAMER_PORTION], code[NAMER_PORTION];
};

/* At most `capacity` of them, which are at most NAMER_PORTION. */
static inline uint32_t places_from(struct core *core, uint32_t index, uint32_t from, struct places *out,
                                   uint32_t capacity) {
    return core_places(core, index, from, out->lookup, out->offset, out->module, out->code, capacity);
}

struct namer {
    uint32_t places;
    int32_t frames;
    int32_t stacks;
};

/* Names all that there is now, place i with i % 3 frames. */
static inline void namer_catch_up(struct namer *namer, struct core *core, uint32_t index) {
    struct places places;
    struct place_frames frames[NAMER_PORTION];
    int32_t parent[NAMER_PORTION], frame[NAMER_PORTION];
    uint32_t count, due = 0, grown = 0;
    while (core_take_nodes(core, index, NAMER_PORTION))
        ;
    do {
        count = places_from(core, index, namer->places, &places, NAMER_PORTION);
        for (uint32_t i = 0; i < count; i++) {
            frames[i] = (struct place_frames){(uint32_t)namer->frames, (namer->places + i) % 3};
            namer->frames += (int32_t)frames[i].count;
        }
        namer->places += count;
        due = core_name_places(core, index, frames, count);
    } while (count);
    while ((count = core_grow_stacks(core, index, namer->stacks, parent, frame, NAMER_PORTION))) {
        for (uint32_t i = 0; i < count; i++) {
            CHECK(parent[i] >= -1 && parent[i] < namer->stacks + (int32_t)i, "stacks that go in circles");
            CHECK(frame[i] >= 0 && frame[i] < namer->frames, "a frame that was not given");
        }
        namer->stacks += (int32_t)count;
        grown += count;
    }
    CHECK_EQUAL(grown, due, "stacks");
}

#endif
