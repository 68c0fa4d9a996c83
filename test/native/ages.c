/* ages.c — how old live blocks are: by a clock that the test moves on.
 *
 * Every kind of block that begins, goes on or ends in its own way is made at a known time; then the core is
 * asked, while the process runs and when it has ended, and its answer compared with the list of what lives.
 */
#define _GNU_SOURCE
#include <time.h>
#include <unistd.h>

#include "test/native/writer.h"

#define HEAP   UINT64_C(0x555555000000)
#define PYTHON UINT64_C(0x7f1200000000)
#define MAPS   UINT64_C(0x7f3400000000)
#define PAGE   UINT64_C(4096)
#define STACKS 12
#define MOST   64

/* After a day: see daemon/native/core/birth.h. */
#define BIRTH_ERROR_NS UINT64_C(20600000)

static uint64_t time_ms; /* since the start of the test */

/* Instead of the C library's: stands still until the test moves it. */
int clock_gettime(clockid_t clock, struct timespec *now) {
    uint64_t base_s = clock == CLOCK_REALTIME ? 1700000000 : 5000;
    *now = (struct timespec){(time_t)(base_s + time_ms / 1000), (long)(time_ms % 1000) * 1000000};
    return 0;
}

static struct stage stage;
static struct writer writer;

/* What should live, with the time when it came. */
static struct alive {
    uint64_t address, bytes, at_ms;
    uint32_t stack, kind;
} alive[MOST];
static uint32_t alive_count;

static void lives(uint64_t address, uint64_t bytes, uint32_t stack, uint32_t kind) {
    alive[alive_count++] = (struct alive){address, bytes, time_ms, stack, kind};
}

static void flush(void) {
    writer_flush(&writer);
}

static void wait_until(uint64_t ms) {
    flush();
    time_ms = ms;
}

static void allocate(uint64_t address, uint64_t bytes, uint32_t stack) {
    writer_alloc(&writer, 0, address, bytes, STACK_FIRST_NODE + stack);
}

static void python(enum python_event what, uint64_t address, uint32_t bytes, uint32_t stack) {
    uint32_t order = writer_draw(&writer, event_order_slot(address));
    writer_queue(&writer, 0, event_pack_python(what, address, bytes, STACK_FIRST_NODE + stack, order));
}

/* By the bounds that are documented, not by the table under test. */
static uint32_t expected_age(uint64_t age_ms) {
    return age_ms < 1000       ? 0
           : age_ms < 10000    ? 1
           : age_ms < 60000    ? 2
           : age_ms < 600000   ? 3
           : age_ms < 3600000  ? 4
           : age_ms < 86400000 ? 5
                               : 6;
}

static uint32_t expected_size(uint64_t bytes) {
    uint32_t class = 0;
    for (; bytes; bytes /= 2)
        class ++;
    return class;
}

static void program(void) {
    allocate(HEAP, 100, 0); /* stays */
    lives(HEAP, 100, 0, SITE_HEAP);
    allocate(HEAP + 64, 100, 0);
    allocate(HEAP + 128, 100, 0);
    allocate(HEAP + 0x10000, 5000, 1);
    lives(HEAP + 0x10000, 5000, 1, SITE_HEAP);
    allocate(HEAP + 0x20000, 5000, 1);
    python(EVENT_PYTHON_ALLOC, PYTHON, 56, 2);
    lives(PYTHON, 56, 2, SITE_PYTHON);
    python(EVENT_PYTHON_ALLOC, PYTHON + 64, 56, 2);
    writer_map(&writer, 0, MAPS, 3 * PAGE, STACK_FIRST_NODE + 3);
    lives(MAPS, PAGE, 3, SITE_MMAP);
    lives(MAPS + 2 * PAGE, PAGE, 3, SITE_MMAP);

    wait_until(3600000); /* freed, and another one at the same place */
    writer_free(&writer, 0, HEAP + 64);
    allocate(HEAP + 64, 100, 0);
    lives(HEAP + 64, 100, 0, SITE_HEAP);
    writer_free(&writer, 0, HEAP + 0x20000);
    allocate(HEAP + 0x20000, 5000, 1);
    lives(HEAP + 0x20000, 5000, 1, SITE_HEAP);

    wait_until(82800000); /* a realloc in place; Python gives the block to another object */
    writer_queue(
        &writer, 0,
        event_pack(EVENT_RELEASE, HEAP + 128, 0, 0, writer_draw(&writer, event_order_slot(HEAP + 128))));
    allocate(HEAP + 128, 200, 4);
    lives(HEAP + 128, 200, 4, SITE_HEAP);
    python(EVENT_PYTHON_REUSED, PYTHON + 64, 0, 5);
    lives(PYTHON + 64, 56, 5, SITE_PYTHON);

    wait_until(86000000); /* a second block in the same cell; the middle of a mapping goes */
    allocate(HEAP + 16, 16, 6);
    lives(HEAP + 16, 16, 6, SITE_HEAP);
    writer_unmap(&writer, 0, MAPS + PAGE, PAGE);

    wait_until(86380000); /* read before the free that came first: its age is from when it was read */
    uint64_t address = HEAP + 0x30000;
    allocate(address, 24, 7);
    flush();
    uint32_t free_order = writer_draw(&writer, event_order_slot(address));
    allocate(address, 32, 8);
    lives(address, 32, 8, SITE_HEAP);
    wait_until(86381500);
    writer_queue(&writer, 1, event_pack(EVENT_FREE, address, 0, 0, free_order));

    wait_until(86396000);
    allocate(HEAP + 0x40000, 0, 9);
    lives(HEAP + 0x40000, 0, 9, SITE_HEAP);
    wait_until(86400000); /* a day */
    allocate(HEAP + 0x40040, 1, 10);
    lives(HEAP + 0x40040, 1, 10, SITE_HEAP);
    flush();
}

/* Every block that lives is in exactly one record, of its site and classes. */
static void check_holdings(uint64_t now_ms, const uint8_t *chosen, uint32_t chosen_count) {
    struct site_record sites[2 * STACKS];
    struct holding_record records[MOST];
    uint32_t sites_count = sites_of(stage.core, 0, sites, 2 * STACKS);
    uint32_t count = core_holdings(stage.core, 0, chosen, chosen_count, records, MOST);
    CHECK(count <= MOST, "%u records", count);
    uint64_t blocks = 0, bytes = 0, blocks_alive = 0, bytes_alive = 0;
    for (uint32_t i = 0; i < count; i++)
        blocks += records[i].blocks, bytes += holding_bytes(&records[i]);
    for (uint32_t i = 0; i < alive_count; i++) {
        uint32_t site = 0;
        while (site < sites_count &&
               (sites[site].stack != STACK_FIRST_NODE + alive[i].stack || sites[site].kind != alive[i].kind))
            site++;
        CHECK(site < sites_count, "there is no site for block %u", i);
        if (chosen && (site >= chosen_count || !chosen[site]))
            continue;
        blocks_alive++, bytes_alive += alive[i].bytes;
        uint32_t age = expected_age(now_ms - alive[i].at_ms), size = expected_size(alive[i].bytes);
        uint64_t expected = 0, found = 0;
        for (uint32_t j = 0; j < alive_count; j++)
            expected += alive[j].stack == alive[i].stack && alive[j].kind == alive[i].kind &&
                        expected_age(now_ms - alive[j].at_ms) == age && expected_size(alive[j].bytes) == size;
        for (uint32_t j = 0; j < count; j++) {
            if (records[j].site == site && holding_age(&records[j]) == age &&
                holding_size(&records[j]) == size)
                found += records[j].blocks;
        }
        CHECK(found == expected, "block %u: %llu of its site, age %u and size %u, should be %llu", i,
              (unsigned long long)found, age, size, (unsigned long long)expected);
    }
    CHECK_EQUAL(blocks, blocks_alive, "blocks");
    CHECK_EQUAL(bytes, bytes_alive, "bytes");
}

static void check_births(uint64_t start_ns, const struct block_record *blocks, uint32_t count) {
    uint32_t expected = 0;
    for (uint32_t i = 0; i < alive_count; i++) {
        if (alive[i].kind == SITE_MMAP)
            continue;
        expected++;
        uint32_t at = 0;
        while (at < count && (blocks[at].address != alive[i].address || blocks[at].kind != alive[i].kind))
            at++;
        CHECK(at < count, "block %u is missing", i);
        uint64_t born_ns = start_ns + alive[i].at_ms * 1000000;
        CHECK(blocks[at].born_ns <= born_ns && born_ns - blocks[at].born_ns <= BIRTH_ERROR_NS,
              "block %u was born at %llu, not at %llu", i, (unsigned long long)born_ns,
              (unsigned long long)blocks[at].born_ns);
    }
    CHECK_EQUAL(count, expected, "blocks");
}

int main(void) {
    struct block_record blocks[LARGEST_BLOCKS];
    int pid = child_start();
    stage_open(&stage);
    writer_open(&writer, &stage,
                &(struct writer_options){.pid = pid, .rings = 2, .ring_events = 4096, .nodes = STACKS});
    writer_announce(&writer);
    stage_settle(&stage);
    uint64_t start_ns = session_ns();
    program();

    uint8_t chosen[3] = {0, 1, 1};
    check_holdings(time_ms, NULL, 0);
    check_holdings(time_ms, chosen, 3);
    check_births(start_ns, blocks, core_blocks(stage.core, 0, blocks, LARGEST_BLOCKS));
    check_births(start_ns, blocks, core_largest(stage.core, 0, blocks));
    struct holding_record first;
    CHECK(core_holdings(stage.core, 0, NULL, 0, &first, 1) > 1, "it says how many there are");
    CHECK_EQUAL(core_holdings(stage.core, 1, NULL, 0, &first, 1), 0, "holdings of no process");

    child_kill(pid);
    for (int i = 0; i < 3; i++)
        stage_pass(&stage);
    CHECK_EQUAL(stage_record(&stage, 0).state, PROCESS_ENDED, "state");
    uint64_t end_ms = time_ms;
    time_ms *= 3; /* what has ended does not get older */
    check_holdings(end_ms, NULL, 0);
    check_holdings(end_ms, chosen, 3);
    check_births(start_ns, blocks, core_largest(stage.core, 0, blocks));
    writer_close(&writer);
    stage_close(&stage);
    return 0;
}
