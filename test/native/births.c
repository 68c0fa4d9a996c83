/* births.c — a time survives its 27 bits: never later than it was, and earlier by no more than is promised.
 */
#include "daemon/native/core/birth.h"

#include <stdbool.h>

#include "test/native/writer.h"

/* Microseconds by which an unpacked birth may be too early. */
static uint64_t promised(uint64_t us) {
    return us < (UINT64_C(64) << 22) ? 63 : us >> 22;
}

static void check(uint64_t us) {
    uint32_t packed = birth_pack(us);
    uint64_t unpacked = birth_unpack(packed);
    CHECK(packed < UINT32_C(1) << BIRTH_BITS, "%llu takes %x", (unsigned long long)us, packed);
    CHECK(unpacked <= us && us - unpacked <= promised(us), "%llu became %llu", (unsigned long long)us,
          (unsigned long long)unpacked);
    CHECK_EQUAL(birth_pack(unpacked), packed, "packed again");
    CHECK(us == 0 || birth_pack(us - 1) <= packed, "%llu before its predecessor", (unsigned long long)us);
}

int main(void) {
    uint64_t random = 88172645463325252u;
    for (int bit = 0; bit < 59; bit++)
        for (int i = 0; i < 20000; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            uint64_t from = UINT64_C(1) << bit;
            check(from + random % from);
            if (i < 200 && from > 200)
                check(from - 100 + (uint64_t)i);
        }
    check(0);
    return 0;
}
