// operators.cpp COUNT — every replaceable operator, each with a size of its own; says what was allocated and kept.
// As a library (-DPLUGIN) it exports `use_operators` for plugin_host.c.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string>

namespace {
using std::align_val_t;
using std::nothrow;
long news;

template <size_t size, typename Make, typename Drop> void both(int count, Make make, Drop drop) {
    for (int i = 0; i < count; i++) {
        void *volatile block = make(size);
        *static_cast<volatile char *>(block) = 1;
        news++;
        if (i % 4)
            drop(block);
    }
    printf("%zu %d %d\n", size, count, (count + 3) / 4);
}

__attribute__((noinline)) void fail() {
    try {
        void *volatile block = ::operator new(size_t(1) << 62);
        ::operator delete(block);
    } catch (std::bad_alloc &) {
        return;
    }
    printf("no bad_alloc\n");
}
} // namespace

extern "C" void use_operators(int n) {
    both<10001>(n, [](size_t s) { return ::operator new(s); }, [](void *p) { ::operator delete(p); });
    both<10002>(n, [](size_t s) { return ::operator new[](s); }, [](void *p) { ::operator delete[](p); });
    both<10003>(n, [](size_t s) { return ::operator new(s, nothrow); },
                [](void *p) { ::operator delete(p, nothrow); });
    both<10004>(n, [](size_t s) { return ::operator new[](s, nothrow); },
                [](void *p) { ::operator delete[](p, nothrow); });
    both<10048>(n, [](size_t s) { return ::operator new(s, align_val_t(64)); },
                [](void *p) { ::operator delete(p, align_val_t(64)); });
    both<10112>(n, [](size_t s) { return ::operator new[](s, align_val_t(64)); },
                [](void *p) { ::operator delete[](p, align_val_t(64)); });
    both<10176>(n, [](size_t s) { return ::operator new(s, align_val_t(32), nothrow); },
                [](void *p) { ::operator delete(p, align_val_t(32), nothrow); });
    both<10368>(n, [](size_t s) { return ::operator new[](s, align_val_t(32), nothrow); },
                [](void *p) { ::operator delete[](p, align_val_t(32), nothrow); });
    both<10008>(n, [](size_t s) { return ::operator new(s); }, [](void *p) { ::operator delete(p, size_t(10008)); });
    both<10009>(n, [](size_t s) { return ::operator new[](s); },
                [](void *p) { ::operator delete[](p, size_t(10009)); });
    both<10304>(n, [](size_t s) { return ::operator new(s, align_val_t(64)); },
                [](void *p) { ::operator delete(p, size_t(10304), align_val_t(64)); });
    both<10010>(n, [](size_t s) { return malloc(s); }, [](void *p) { free(p); });
    both<10011>(n, [](size_t s) { return calloc(1, s); }, [](void *p) { free(realloc(p, 5)); });
    if (!getenv("NEW_ABORTS")) // mimalloc's way of failing
        fail();
    for (int i = 0; i < n; i++) // the guard is open after an exception
        try {
            throw std::runtime_error(std::string(50, 'x'));
        } catch (std::exception &) {
        }
    both<10012>(n, [](size_t s) { return ::operator new(s); }, [](void *p) { ::operator delete(p); });
}

#ifndef PLUGIN
int main(int argc, char **argv) {
    use_operators(atoi(argv[1]));
    return 3;
}
#endif
