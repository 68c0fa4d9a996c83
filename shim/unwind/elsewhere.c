/* elsewhere.c — frames on another stack. Rules: elsewhere.h. */
#include "shim/unwind/elsewhere.h"

#include "shim/platform/arch.h"

bool elsewhere_is_frame(uintptr_t low, uintptr_t cfa, uintptr_t slot, struct readable *range) {
    readable_renew(range, low);
    if ((cfa & 7) || slot < low || slot >= cfa || !readable_between(range, low, cfa))
        return false;
    uintptr_t pc = arch_code_address(*(const uintptr_t *)slot);
    return rule_kind(rules_get(pc)) != RULE_NO_INFO;
}
