/*
 * A small page server with two faults that its author did not see. `make demo` shows both.
 *
 *   leaky-cache [requests]      50,000 when not given
 *
 * 1. The leak. `answer` keeps rendered pages in a cache, so that no page is rendered twice. But the key holds
 * the time of the request too, so that no request ever finds an earlier one: 16 pages become 50,000. The
 * first row of "Live at exit" is the line in `render` that makes a page (50,000 blocks of 1 KiB), the second
 * the line in `answer` that keeps it (50,000 nodes of the map of 64 bytes).
 *
 * 2. The churn. `log_line` makes a text of 80 characters and throws it away at once. Nothing is lost, but a
 * third of all allocations are such: "temporary" in the report counts them, `memtrace report FILE --sort
 * temporary` names the line.
 *
 * What it prints and what memtrace finds is the same on every machine: 150,003 allocations, of which the C
 * and C++ libraries make two for themselves.
 */
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>

struct Page {
    std::unique_ptr<char[]> pixels;
    std::size_t size;
};

using Key = std::pair<int, long>; // which page, and when: the fault
using Cache = std::map<Key, Page>;

static constexpr int PAGES = 16;
static constexpr std::size_t PAGE_BYTES = 1024;

static Page render(int page) {
    auto pixels = std::make_unique<char[]>(PAGE_BYTES);
    pixels[0] = static_cast<char>(page);
    return {std::move(pixels), PAGE_BYTES};
}

static const Page &answer(Cache &cache, int page, long time) {
    Key key{page, time}; // {page, 0} would do
    auto found = cache.find(key);
    if (found == cache.end())
        found = cache.emplace(key, render(page)).first;
    return found->second;
}

static std::size_t log_line(int page, long time) {
    std::string line(80, ' '); // one buffer for all lines would do
    return static_cast<std::size_t>(std::snprintf(line.data(), line.size(), "%ld: page %d", time, page));
}

int main(int argc, char **argv) {
    long requests = argc > 1 ? std::atol(argv[1]) : 50000;
    auto *cache = new Cache; // lives as long as the program, as caches do
    std::size_t sent = 0, logged = 0;
    for (long time = 0; time < requests; time++) {
        int page = static_cast<int>(time % PAGES);
        sent += answer(*cache, page, time).size;
        logged += log_line(page, time);
    }
    std::printf("%ld requests for %d pages: %zu KiB sent, %zu KiB logged, %zu pages in the cache\n", requests,
                PAGES, sent / 1024, logged / 1024, cache->size());
    return 0;
}
