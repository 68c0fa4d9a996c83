/* filter.c — see filter.h. The language: Linux, Documentation/networking/filter.rst, as far as seccomp allows
 * it. Jumps go forward only.
 */
#include "shim/interpose/filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "shim/platform/arch.h"

#define STEPS_MAX    100000
#define BRANCHES_MAX 16 /* within each other; a branch ends soon, as a rule */

/* What comes from the arguments of the call is not known: a jump that depends on it may go either way. */
struct value {
    uint32_t number;
    bool is_known;
};

struct state {
    uint32_t pc;
    struct value a, x, memory[BPF_MEMWORDS];
};

struct run {
    const struct sock_fprog *filter;
    struct seccomp_data data;
    uint32_t steps;
};

static struct value known(uint32_t number) {
    return (struct value){number, true};
}

static struct value field_of(const struct seccomp_data *data, uint32_t offset) {
    struct value value = {0, offset < offsetof(struct seccomp_data, instruction_pointer)};
    if (value.is_known)
        memcpy(&value.number, (const char *)data + offset, sizeof value.number);
    return value;
}

static struct value loaded(const struct run *run, const struct state *state, const struct sock_filter *f) {
    switch (BPF_MODE(f->code)) {
    case BPF_ABS:
        return field_of(&run->data, f->k);
    case BPF_MEM:
        return state->memory[f->k % BPF_MEMWORDS];
    case BPF_LEN:
        return known(sizeof run->data);
    default:
        return known(f->k);
    }
}

static struct value calculated(uint16_t code, struct value a, struct value operand) {
    uint32_t left = a.number, right = operand.number;
    bool is_known = a.is_known && operand.is_known;
    switch (BPF_OP(code)) {
    case BPF_ADD:
        return (struct value){left + right, is_known};
    case BPF_SUB:
        return (struct value){left - right, is_known};
    case BPF_AND:
        return (struct value){left & right, is_known};
    case BPF_OR:
        return (struct value){left | right, is_known};
    case BPF_XOR:
        return (struct value){left ^ right, is_known};
    case BPF_LSH:
        return (struct value){left << (right & 31), is_known};
    case BPF_RSH:
        return (struct value){left >> (right & 31), is_known};
    case BPF_NEG:
        return (struct value){-left, a.is_known};
    default: /* filters do not multiply */
        return (struct value){0, false};
    }
}

static bool holds(uint16_t code, uint32_t left, uint32_t right) {
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return left == right;
    case BPF_JGT:
        return left > right;
    case BPF_JGE:
        return left >= right;
    default:
        return (left & right) != 0;
    }
}

static bool is_fatal(struct value verdict) {
    uint32_t action = verdict.number & SECCOMP_RET_ACTION_FULL;
    return !verdict.is_known ||
           (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_ERRNO && action != SECCOMP_RET_LOG);
}

static bool may_kill(struct run *run, struct state state, int branches) {
    while (run->steps++ < STEPS_MAX && state.pc < run->filter->len) {
        const struct sock_filter *f = &run->filter->filter[state.pc++];
        struct value operand = BPF_SRC(f->code) == BPF_X ? state.x : known(f->k);
        switch (BPF_CLASS(f->code)) {
        case BPF_LD:
            state.a = loaded(run, &state, f);
            break;
        case BPF_LDX:
            state.x = loaded(run, &state, f);
            break;
        case BPF_ST:
            state.memory[f->k % BPF_MEMWORDS] = state.a;
            break;
        case BPF_STX:
            state.memory[f->k % BPF_MEMWORDS] = state.x;
            break;
        case BPF_ALU:
            state.a = calculated(f->code, state.a, operand);
            break;
        case BPF_JMP:
            if (BPF_OP(f->code) == BPF_JA) {
                state.pc += f->k;
            } else if (state.a.is_known && operand.is_known) {
                state.pc += holds(f->code, state.a.number, operand.number) ? f->jt : f->jf;
            } else {
                struct state other = state;
                other.pc += f->jt;
                if (branches == 0 || may_kill(run, other, branches - 1))
                    return true;
                state.pc += f->jf;
            }
            break;
        case BPF_RET:
            return is_fatal(BPF_RVAL(f->code) == BPF_A ? state.a : known(f->k));
        case BPF_MISC:
            if (BPF_MISCOP(f->code) == BPF_TAX)
                state.x = state.a;
            else
                state.a = state.x;
            break;
        }
    }
    return true;
}

bool filter_may_kill(const struct sock_fprog *filter, int call) {
    struct run run = {.filter = filter, .data = {.nr = call, .arch = ARCH_AUDIT}};
    struct state start = {.a = known(0), .x = known(0)};
    for (int i = 0; i < BPF_MEMWORDS; i++)
        start.memory[i] = known(0);
    return may_kill(&run, start, BRANCHES_MAX);
}
