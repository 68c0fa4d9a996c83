// deep.cpp — a thousand call sites under deep inlining, for the comparison with addr2line.
// Has what makes names and inline chains hard: recursion unrolled by templates, lambdas, local and anonymous
// scopes, the standard library at -O2.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {
struct Sink {
    long sum = 0;
    void take(const std::string &text) {
        sum += static_cast<long>(text.size());
    }
};
Sink sink;

template <int Depth> inline __attribute__((always_inline)) void *descend(std::size_t size) {
    if constexpr (Depth == 0)
        return std::malloc(size);
    else
        return descend<Depth - 1>(size + Depth);
}
} // namespace

namespace app {
template <int Kind> class Shelf {
  public:
    void fill(int count) {
        auto add = [this](int i) {
            struct Label {
                static std::string of(int i) {
                    return "kind " + std::to_string(Kind) + " item " + std::to_string(i);
                }
            };
            names_[i % (Kind + 3)].push_back(Label::of(i));
        };
        for (int i = 0; i < count; i++)
            add(i);
    }
    void sort() {
        for (auto &entry : names_)
            std::sort(entry.second.begin(), entry.second.end(),
                      [](const std::string &a, const std::string &b) {
                          return a.substr(Kind % 4) > b.substr(Kind % 4);
                      });
    }
    void report() const {
        for (const auto &entry : names_)
            for (const auto &name : entry.second)
                sink.take(name);
        std::free(descend<20>(Kind + 1));
    }

  private:
    std::map<int, std::vector<std::string>> names_;
};

template <int Kind> static __attribute__((noinline)) void work() {
    auto shelf = std::make_unique<Shelf<Kind>>();
    std::function<void(int)> fill = [&](int count) { shelf->fill(count); };
    fill(Kind * 3);
    shelf->sort();
    shelf->report();
    if constexpr (Kind > 0)
        work<Kind - 1>();
}
} // namespace app

int main() {
    app::work<12>();
    std::printf("%ld\n", sink.sum);
}
