/* functions.c — per unit: functions by address; per function: its inlined calls.
 *
 * libdw's own dwarf_getscopes walks the unit for every address (7 ms each on a
 * large C++ program). Here a unit is walked once, and a function's body is read
 * only when an address in it is asked for.
 */
#include "functions.h"
#include "array.h"
#include "names.h"
#include <dwarf.h>

#define NESTING_MAX 1000 /* of DIEs; only damaged files nest deeper */

/* A damaged DW_AT_sibling leads backwards, and then from every nesting again: exponential time.
 * A tree in preorder has growing offsets only, so a walk ends at the first step back. */
static bool goes_forward(Dwarf_Off *last, Dwarf_Die *die) {
    Dwarf_Off offset = dwarf_dieoffset(die);
    if (offset <= *last)
        return false;
    *last = offset;
    return true;
}

struct walk {
    struct unit *unit;
    Dwarf_Off last;   /* offset of the last DIE visited */
    size_t functions; /* how many were seen, with code or without */
};

static void walk_children(struct walk *walk, Dwarf_Die *parent, size_t scope, int depth);

static bool is_block(int tag) {
    return tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block ||
           tag == DW_TAG_with_stmt || tag == DW_TAG_common_block;
}

/* What may contain functions and gives them a name; in C only functions (GNU nested ones). */
static bool is_scope(const struct unit *unit, int tag) {
    if (tag == DW_TAG_subprogram || unit->is_c)
        return tag == DW_TAG_subprogram;
    return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_class_type ||
           tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_interface_type ||
           tag == DW_TAG_enumeration_type /* Rust has methods on enums */ || tag == DW_TAG_variant_part;
}

static void add_function(struct unit *unit, Dwarf_Die *die) {
    if (!ranges_add_die(&unit->code, die, (uint32_t)unit->function_count))
        return;
    *ARRAY_PUSH(unit->functions, unit->function_count, unit->function_capacity) =
        (struct function){.die = *die, .name = NAME_UNSET};
}

static void walk_scope(struct walk *walk, Dwarf_Die *die, size_t parent, int depth) {
    size_t before = walk->functions;
    size_t scope = scopes_open(&walk->unit->scopes, die, parent);
    walk_children(walk, die, scope, depth);
    if (walk->functions == before)
        scopes_drop(&walk->unit->scopes, scope);
    else
        scopes_close(&walk->unit->scopes, scope, walk->last);
}

static void walk_children(struct walk *walk, Dwarf_Die *parent, size_t scope, int depth) {
    Dwarf_Die die;
    if (depth > NESTING_MAX || dwarf_child(parent, &die) != 0)
        return;
    do {
        if (!goes_forward(&walk->last, &die))
            return;
        int tag = dwarf_tag(&die);
        bool scoped = is_scope(walk->unit, tag);
        if (!scoped && !is_block(tag))
            continue;
        if (tag == DW_TAG_subprogram)
            add_function(walk->unit, &die);
        if (dwarf_haschildren(&die) == 1) {
            if (scoped)
                walk_scope(walk, &die, scope, depth + 1);
            else
                walk_children(walk, &die, scope, depth + 1);
        }
        if (tag == DW_TAG_subprogram)
            walk->functions++; /* after its own scope, which it must not keep alive */
    } while (dwarf_siblingof(&die, &die) == 0);
}

void functions_load(struct unit *unit) {
    if (unit->functions_loaded)
        return;
    unit->functions_loaded = true;
    struct walk walk = {.unit = unit, .last = dwarf_dieoffset(&unit->die)};
    walk_children(&walk, &unit->die, SCOPE_NONE, 0);
    ranges_sort(&unit->code);
}

struct function *functions_at(struct unit *unit, Dwarf_Addr address) {
    functions_load(unit);
    long index = ranges_find(&unit->code, address);
    return index < 0 ? NULL : &unit->functions[index];
}

static void load_inlines(struct function *function, Dwarf_Die *parent, uint32_t depth, int nesting,
                         Dwarf_Off *last) {
    Dwarf_Die die;
    if (nesting > NESTING_MAX || dwarf_child(parent, &die) != 0)
        return;
    do {
        if (!goes_forward(last, &die))
            return;
        int tag = dwarf_tag(&die);
        uint32_t inner = depth;
        if (tag == DW_TAG_inlined_subroutine) {
            inner++;
            Dwarf_Addr base, low, high;
            ptrdiff_t offset = 0;
            while ((offset = dwarf_ranges(&die, offset, &base, &low, &high)) > 0)
                if (low < high)
                    *ARRAY_PUSH(function->inlines, function->inline_count, function->inline_capacity) =
                        (struct inlined){low, high, depth, NAME_UNSET, die};
        } else if (!is_block(tag)) {
            continue;
        }
        if (dwarf_haschildren(&die) == 1)
            load_inlines(function, &die, inner, nesting + 1, last);
    } while (dwarf_siblingof(&die, &die) == 0);
}

size_t functions_inlines_at(struct function *function, Dwarf_Addr address, struct inlined **chain) {
    if (!function->inlines_loaded) {
        function->inlines_loaded = true;
        Dwarf_Off last = dwarf_dieoffset(&function->die);
        load_inlines(function, &function->die, 0, 0, &last);
    }
    struct inlined *at_depth[INLINE_DEPTH_MAX] = {0};
    for (size_t i = 0; i < function->inline_count; i++) {
        struct inlined *call = &function->inlines[i];
        if (call->low <= address && address < call->high && call->depth < INLINE_DEPTH_MAX)
            at_depth[call->depth] = call;
    }
    size_t count = 0;
    for (size_t depth = 0; depth < INLINE_DEPTH_MAX; depth++)
        if (at_depth[depth])
            chain[count++] = at_depth[depth];
    return count;
}

void functions_free(struct unit *unit) {
    for (size_t i = 0; i < unit->function_count; i++)
        free(unit->functions[i].inlines);
    free(unit->functions);
    ranges_free(&unit->code);
    scopes_free(&unit->scopes);
}
