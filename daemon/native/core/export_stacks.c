/* export_stacks.c — what the daemon calls over FFI (see export.h) to name stacks: naming.h tells how. */
#include <stdlib.h>
#include <string.h>

#include "daemon/native/core/export.h"

EXPORT uint32_t core_modules(struct core *core, uint32_t index, uint32_t from, struct module_record *out,
                             uint32_t capacity) {
    struct process *process = export_enter(core, index);
    if (!process)
        return 0;
    uint32_t end = segment_modules(&process->segment);
    uint32_t count = from < end ? end - from : 0;
    if (count > capacity)
        count = capacity;
    for (uint32_t i = 0; i < count; i++)
        segment_module(&process->segment, from + i, &out[i]);
    export_leave(core, process);
    return count;
}

/* Bytes of the area of Python code records, from `from` on. */
EXPORT uint32_t core_python_codes(struct core *core, uint32_t index, uint32_t from, uint8_t *out,
                                  uint32_t capacity) {
    struct process *process = export_enter(core, index);
    if (!process)
        return 0;
    uint32_t end = segment_python_codes(&process->segment);
    uint32_t count = from < end ? end - from : 0;
    if (count > capacity)
        count = capacity;
    if (count)
        memcpy(out, process->segment.python_codes + from, count);
    export_leave(core, process);
    return count;
}

/* Takes the next nodes, at most `most`; 0: there are no more now. */
EXPORT uint32_t core_take_nodes(struct core *core, uint32_t index, uint32_t most) {
    struct process *process = export_enter(core, index);
    if (!process)
        return 0;
    uint32_t count = naming_take(&process->naming, &process->segment, most);
    export_leave(core, process);
    return count;
}

/* Places of the nodes that were taken, from number `from` on, in columns: see struct place_record. */
EXPORT uint32_t core_places(struct core *core, uint32_t index, uint32_t from, double *lookup, double *offset,
                            uint32_t *module, uint32_t *code, uint32_t capacity) {
    struct process *process = export_enter(core, index);
    if (!process)
        return 0;
    uint32_t count = 0;
    for (uint32_t i = from; i < process->naming.places_count && count < capacity; i++, count++) {
        const struct place_record *record = &process->naming.places[i].record;
        lookup[count] = (double)record->lookup;
        offset[count] = (double)record->offset;
        module[count] = record->module;
        code[count] = record->code;
    }
    export_leave(core, process);
    return count;
}

/* Names the next `count` places. Returns how many stacks core_grow_stacks can make now. */
EXPORT uint32_t core_name_places(struct core *core, uint32_t index, const struct place_frames *frames,
                                 uint32_t count) {
    struct process *process = export_enter(core, index);
    if (!process)
        return 0;
    naming_name(&process->naming, frames, count);
    uint32_t due = process->naming.due;
    export_leave(core, process);
    return due;
}

/* Places and stacks begin again from 0, for whoever asks next. */
EXPORT void core_forget_names(struct core *core, uint32_t index) {
    struct process *process = export_enter(core, index);
    if (!process)
        return;
    naming_free(&process->naming);
    export_leave(core, process);
}

/* The next stacks, which get the numbers from `first` on: what each is in, -1 for an outermost one, and its
 * frame. */
EXPORT uint32_t core_grow_stacks(struct core *core, uint32_t index, int32_t first, int32_t *parent,
                                 int32_t *frame, uint32_t capacity) {
    struct process *process = export_enter(core, index);
    if (!process)
        return 0;
    uint32_t count = naming_grow(&process->naming, &process->segment, first, parent, frame, capacity);
    export_leave(core, process);
    return count;
}

/* The stacks of `count` nodes; -1 for a node that has none. */
EXPORT void core_stacks_of(struct core *core, uint32_t index, const uint32_t *nodes, int32_t *out,
                           uint32_t count) {
    struct process *process = export_enter(core, index);
    for (uint32_t i = 0; i < count; i++)
        out[i] = process ? naming_stack(&process->naming, nodes[i]) : STACK_UNKNOWN;
    if (process)
        export_leave(core, process);
}

/* Where a site of this stack and kind stands in tables of them. */
static size_t place_of(int32_t stack, uint8_t kind) {
    return (size_t)stack * SITE_KINDS + kind;
}

/* The usual answer is no, and has to be cheap: a bit for each place. False, too, when there is no memory. */
static bool have_doubles(const int32_t *stack, const uint8_t *kind, uint32_t count, size_t places) {
    uint64_t *seen = calloc(places / 64 + 1, sizeof *seen);
    bool found = false;
    for (uint32_t i = 0; seen && i < count && !found; i++) {
        size_t place = place_of(stack[i], kind[i]);
        found = seen[place / 64] >> place % 64 & 1;
        seen[place / 64] |= UINT64_C(1) << place % 64;
    }
    free(seen);
    return found;
}

/* Makes one of all sites that have their stack and kind in common: nodes that show no frame are of the stack
 * of their parent. The columns are those of core_sites, of `length` items each, and the stacks, none of which
 * is negative. Returns how many of the `count` sites are left; with fewer than before, `number` has the
 * number that each has now. */
EXPORT uint32_t core_merge_sites(int32_t *stack, uint8_t *kind, double *counters, uint32_t length,
                                 uint32_t count, uint32_t *number) {
    size_t places = 0;
    for (uint32_t i = 0; i < count; i++)
        places = place_of(stack[i] + 1, 0) > places ? place_of(stack[i] + 1, 0) : places;
    if (!have_doubles(stack, kind, count, places))
        return count;
    uint32_t *known = calloc(places, sizeof *known); /* numbers + 1 */
    if (!known)
        return count;
    uint32_t left = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *place = &known[place_of(stack[i], kind[i])];
        bool first = !*place;
        if (first)
            *place = ++left;
        uint32_t at = number[i] = *place - 1;
        stack[at] = stack[i];
        kind[at] = kind[i];
        for (double *column = counters; column < counters + (size_t)SITE_COUNTERS * length; column += length)
            column[at] = first ? column[i] : column[at] + column[i];
    }
    free(known);
    return left;
}
