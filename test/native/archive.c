/* archive.c — what is kept of ended processes comes back as it was, and does not fill the memory.
 *
 * usage: archive file|no-folder|full-disk
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "test/native/writer.h"

#define MIB    (UINT64_C(1) << 20)
#define PIECES 3000u

static uint8_t piece[5 << 20];
static const void *kept[PIECES];

/* From a byte to a few hundred KiB, and now and then more than a chunk of the archive holds: all told 300
 * MiB. */
static size_t bytes_of(uint32_t number) {
    uint64_t seed = number;
    return number % 1000 == 999 ? sizeof piece : 1 + pick(&seed, 200u << 10);
}

static void fill(uint32_t number) {
    uint64_t seed = number + 1;
    memset(piece, 0, bytes_of(number));
    for (size_t at = 0; at < bytes_of(number); at += 512)
        piece[at] = (uint8_t)pick(&seed, 256);
}

static uint64_t keep_all(struct archive *archive) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < PIECES; i++) {
        fill(i);
        kept[i] = archive_keep(archive, piece, bytes_of(i));
        CHECK(kept[i], "piece %u found no room", i);
        CHECK((uintptr_t)kept[i] % 16 == 0, "piece %u is not aligned", i);
        total += bytes_of(i);
    }
    return total;
}

static void check_all(void) {
    for (uint32_t i = 0; i < PIECES; i++) {
        fill(i);
        CHECK(!memcmp(kept[i], piece, bytes_of(i)), "piece %u is another one", i);
    }
}

int main(int argc, char **argv) {
    const char *which = argc > 1 ? argv[1] : "";
    bool in_file = !strcmp(which, "file");
    if (!strcmp(which, "no-folder"))
        setenv("TMPDIR", "/proc/none", 1);
    else if (!strcmp(which, "full-disk")) {
        signal(SIGXFSZ, SIG_IGN);
        struct rlimit limit = {.rlim_cur = 50 * MIB + 1000, .rlim_max = 50 * MIB + 1000};
        CHECK(!setrlimit(RLIMIT_FSIZE, &limit), "no limit");
    } else
        CHECK(in_file, "no such case");

    struct archive archive;
    archive_init(&archive);
    uint64_t before = resident_bytes(), total = keep_all(&archive), taken = resident_bytes() - before;
    printf("%llu MiB kept, %llu MiB of them in memory\n", (unsigned long long)(total / MIB),
           (unsigned long long)(taken / MIB));
    CHECK(total > 250 * MIB, "%llu bytes are too few to tell", (unsigned long long)total);
    CHECK((taken < 80 * MIB) == in_file, "%llu bytes in memory", (unsigned long long)taken);
    check_all();
    archive_close(&archive);
    CHECK(resident_bytes() - before < 20 * MIB, "something stays");
    return 0;
}
