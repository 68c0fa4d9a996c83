/* readable.c — grows a thread's readable range page by page. Rules: readable.h. */
#include "shim/unwind/readable.h"

#include "shim/platform/os.h"

#define FAR  (UINT64_C(64) << 20) /* one frame is not larger than this */
#define NEAR (UINT64_C(1) << 20)  /* a stack that has grown since, not another one */

uint32_t readable_epoch;

void readable_renew(struct readable *range, uintptr_t sp) {
    uint32_t epoch = __atomic_load_n(&readable_epoch, __ATOMIC_ACQUIRE);
    if (range->epoch == epoch)
        return;
    *range = (struct readable){.epoch = epoch};
    readable_begin(range, sp);
}

bool readable_begin(struct readable *range, uintptr_t sp) {
    uintptr_t page_size = os_page_size();
    uintptr_t page = sp & ~(page_size - 1);
    if (sp < range->low && range->low - page <= NEAR) {
        uintptr_t at = range->low - page_size;
        while (at >= page && (os_is_silent() || os_readable(at))) { /* silent: between two known pages */
            range->low = at;
            at -= page_size;
        }
        if (range->low == page)
            return true;
    }
    if (!os_readable(page))
        return false;
    range->low = page;
    range->high = page + page_size;
    return true;
}

bool readable_extend(struct readable *range, uintptr_t end) {
    if (end < range->high || end - range->high > FAR)
        return end < range->high;
    while (range->high < end) {
        if (!os_readable(range->high))
            return false;
        range->high += os_page_size();
    }
    return true;
}
