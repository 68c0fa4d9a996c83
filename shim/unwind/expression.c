/* expression.c — a small stack machine. Rules: expression.h. */
#include "shim/unwind/expression.h"

#include "shim/unwind/reader.h"

#define DEPTH 16

struct machine {
    uint64_t stack[DEPTH];
    unsigned count;
    bool bad;
};

static void push(struct machine *m, uint64_t value) {
    if (m->count == DEPTH)
        m->bad = true;
    else
        m->stack[m->count++] = value;
}

static uint64_t pop(struct machine *m) {
    if (m->count > 0)
        return m->stack[--m->count];
    m->bad = true;
    return 0;
}

/* The n-th value from the top. */
static uint64_t peek(struct machine *m, unsigned n) {
    if (n < m->count)
        return m->stack[m->count - 1 - n];
    m->bad = true;
    return 0;
}

static uint64_t register_value(struct machine *m, const struct full *f, uint64_t number) {
    if (number < ARCH_REGISTERS && (f->known >> number & 1))
        return f->value[number];
    m->bad = true;
    return 0;
}

static uint64_t load(struct machine *m, uintptr_t address, struct readable *range) {
    if (!(address & 7) && readable_between(range, address, address + 8))
        return *(const uint64_t *)address;
    m->bad = true;
    return 0;
}

/* Operations on the two topmost values. */
static uint64_t binary(struct machine *m, uint8_t op, uint64_t a, uint64_t b) {
    switch (op) {
    case 0x1a:
        return a & b;
    case 0x1c:
        return a - b;
    case 0x1e:
        return a * b;
    case 0x21:
        return a | b;
    case 0x22:
        return a + b;
    case 0x24:
        return b < 64 ? a << b : 0;
    case 0x25:
        return b < 64 ? a >> b : 0;
    case 0x27:
        return a ^ b;
    case 0x29:
        return a == b;
    case 0x2a:
        return (int64_t)a >= (int64_t)b;
    case 0x2b:
        return (int64_t)a > (int64_t)b;
    case 0x2c:
        return (int64_t)a <= (int64_t)b;
    case 0x2d:
        return (int64_t)a < (int64_t)b;
    case 0x2e:
        return a != b;
    default:
        m->bad = true;
        return 0;
    }
}

static void execute(struct machine *m, uint8_t op, struct reader *r, const struct full *f,
                    struct readable *range) {
    if (op >= 0x30 && op <= 0x4f) /* DW_OP_lit0 … */
        return push(m, op - 0x30u);
    if (op >= 0x70 && op <= 0x8f) /* DW_OP_breg0 … */
        return push(m, register_value(m, f, op - 0x70u) + (uint64_t)read_sleb(r));
    switch (op) {
    case 0x06: /* DW_OP_deref */
        return push(m, load(m, pop(m), range));
    case 0x08: /* DW_OP_const1u */
        return push(m, read_u8(r));
    case 0x09: /* DW_OP_const1s */
        return push(m, (uint64_t)(int64_t)(int8_t)read_u8(r));
    case 0x0a: /* DW_OP_const2u */
        return push(m, read_u16(r));
    case 0x0b: /* DW_OP_const2s */
        return push(m, (uint64_t)(int64_t)read_s16(r));
    case 0x0c: /* DW_OP_const4u */
        return push(m, read_u32(r));
    case 0x0d: /* DW_OP_const4s */
        return push(m, (uint64_t)(int64_t)read_s32(r));
    case 0x0e: /* DW_OP_const8u */
    case 0x0f: /* DW_OP_const8s */
        return push(m, read_u64(r));
    case 0x10: /* DW_OP_constu */
        return push(m, read_uleb(r));
    case 0x11: /* DW_OP_consts */
        return push(m, (uint64_t)read_sleb(r));
    case 0x12: /* DW_OP_dup */
        return push(m, peek(m, 0));
    case 0x13: /* DW_OP_drop */
        pop(m);
        return;
    case 0x14: /* DW_OP_over */
        return push(m, peek(m, 1));
    case 0x1f: /* DW_OP_neg */
        return push(m, 0 - pop(m));
    case 0x20: /* DW_OP_not */
        return push(m, ~pop(m));
    case 0x23: /* DW_OP_plus_uconst */
        return push(m, pop(m) + read_uleb(r));
    case 0x92: { /* DW_OP_bregx */
        uint64_t number = read_uleb(r);
        return push(m, register_value(m, f, number) + (uint64_t)read_sleb(r));
    }
    case 0x96: /* DW_OP_nop */
        return;
    default: {
        uint64_t b = pop(m), a = pop(m);
        push(m, binary(m, op, a, b));
    }
    }
}

bool expression_evaluate(struct cfi_expression expression, const struct full *f, const uintptr_t *cfa,
                         struct readable *range, uintptr_t *result) {
    struct reader r = {expression.bytes, expression.bytes + expression.size, false};
    struct machine m = {.count = 0};
    if (cfa)
        push(&m, *cfa);
    while (r.at < r.end && !r.bad && !m.bad)
        execute(&m, read_u8(&r), &r, f, range);
    *result = pop(&m);
    return !r.bad && !m.bad;
}
