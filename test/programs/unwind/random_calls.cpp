// random_calls SEED ROUNDS THREADS — walks a random call graph and allocates at every turn, so that stacks of
// all kinds are seen at allocations: variable frames, realigned frames, virtual calls, callbacks out of libc,
// exceptions, longjmp, signal handlers (also on an alternate stack), fibers, threads.
#include <algorithm>
#include <alloca.h>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <pthread.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <ucontext.h>
#include <vector>

#define NOINLINE __attribute__((noinline, noclone))

namespace {

thread_local unsigned state = 1;
thread_local long budget; // calls left in this round
thread_local jmp_buf *way_back;
thread_local bool in_fiber;

unsigned random_number() {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

NOINLINE int descend(int depth);

NOINLINE void allocate() {
    void *p = malloc(8 + random_number() % 200);
    *static_cast<volatile char *>(p) = 1;
    if (random_number() % 3 == 0)
        p = realloc(p, 300);
    free(p);
}

NOINLINE int plain(int depth) {
    allocate();
    int r = descend(depth - 1);
    allocate();
    return r + 1;
}

NOINLINE int with_alloca(int depth) {
    auto *b = static_cast<volatile char *>(alloca(16 + random_number() % 3000));
    b[0] = 1;
    allocate();
    return descend(depth - 1) + b[0];
}

NOINLINE int with_large_frame(int depth) {
    volatile char v[9000];
    v[8000] = 2;
    int r = descend(depth - 1);
    allocate();
    return r + v[8000];
}

NOINLINE int with_many_registers(int depth) {
    long a = random_number(), b = random_number(), c = random_number(), e = random_number(),
         f = random_number();
    int r = descend(depth - 1);
    allocate();
    r += static_cast<int>(a ^ b);
    allocate();
    return r + static_cast<int>(c + e * f);
}

NOINLINE int realigned(int depth) {
    alignas(64) volatile float v[16];
    int n = 4 + static_cast<int>(random_number() % 30);
    auto *w = static_cast<volatile char *>(alloca(n));
    v[0] = static_cast<float>(depth);
    w[0] = 1;
    int r = descend(depth - 1);
    allocate();
    return r + static_cast<int>(v[0]) + w[0];
}

struct Shape {
    virtual int area(int depth) = 0;
    virtual ~Shape() = default;
};
struct Named : Shape {
    std::string name = "a name that is long enough to be allocated";
    int area(int depth) override {
        return descend(depth - 1) + static_cast<int>(name.size());
    }
};
struct Listed : Shape {
    std::vector<int> list = std::vector<int>(10 + random_number() % 20);
    int area(int depth) override {
        list.push_back(1);
        int r = descend(depth - 1);
        list.resize(200);
        return r + static_cast<int>(list.size());
    }
};
NOINLINE int virtual_call(int depth) {
    std::unique_ptr<Shape> shape;
    if (random_number() & 1)
        shape = std::make_unique<Named>();
    else
        shape = std::make_unique<Listed>();
    return shape->area(depth);
}

thread_local int callback_depth;
int compare(const void *a, const void *b) {
    if (random_number() % 8 == 0) {
        allocate();
        if (random_number() % 8 == 0)
            descend(callback_depth > 2 ? 2 : 0);
    }
    return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}
NOINLINE int out_of_libc(int depth) {
    int a[12], saved = callback_depth;
    for (int &x : a)
        x = static_cast<int>(random_number() % 100);
    callback_depth = depth - 1;
    qsort(a, 12, sizeof a[0], compare);
    callback_depth = saved;
    return a[0] + descend(depth - 1);
}

NOINLINE int containers(int depth) {
    std::map<int, std::string> m;
    for (int i = 0; i < 4; i++)
        m[static_cast<int>(random_number() % 50)] = "some string which is long enough to be allocated";
    int r = descend(depth - 1);
    std::ostringstream o;
    o << r << "hello world hello world " << m.size();
    std::function<int(int)> f = [k = std::string("a captured string which is long enough")](int x) {
        allocate();
        return x + static_cast<int>(k.size());
    };
    return f(static_cast<int>(o.str().size()));
}

NOINLINE int may_throw(int depth) {
    allocate();
    if (random_number() % 2)
        throw std::runtime_error("a message that is long enough to be allocated");
    return descend(depth - 1);
}
NOINLINE int catches(int depth) {
    try {
        std::string guard("a guard that is long enough to be allocated");
        return may_throw(depth) + static_cast<int>(guard.size());
    } catch (std::exception &e) {
        allocate();
        return descend(depth - 1) + static_cast<int>(strlen(e.what()));
    }
}

NOINLINE int marks_way_back(int depth) {
    jmp_buf here, *outer = way_back;
    volatile int r = 0;
    if (setjmp(here) == 0) {
        way_back = &here;
        r = descend(depth - 1);
    } else {
        allocate();
    }
    way_back = outer;
    allocate();
    return r;
}
NOINLINE int jumps_back(int depth) {
    if (way_back && random_number() % 4 == 0) {
        allocate();
        longjmp(*way_back, 1);
    }
    return descend(depth - 1) + 1;
}

void handler(int) {
    jmp_buf *outer = way_back;
    way_back = nullptr;
    allocate();
    if (random_number() % 2)
        descend(3);
    way_back = outer;
}
NOINLINE int interrupted(int depth) {
    if (random_number() % 4 == 0)
        raise(SIGUSR1);
    int r = descend(depth - 1);
    if (random_number() % 16 == 0)
        raise(SIGUSR2); // on the alternate stack
    return r;
}

struct Fiber {
    ucontext_t inside, outside;
    bool done;
    int depth;
};
void fiber_main(unsigned low, unsigned high) {
    auto *f = reinterpret_cast<Fiber *>(static_cast<unsigned long>(high) << 32 | low);
    for (int i = 0; i < 3; i++) {
        allocate();
        in_fiber = true;
        jmp_buf *outer = way_back;
        way_back = nullptr;
        descend(f->depth);
        way_back = outer;
        in_fiber = false;
        swapcontext(&f->inside, &f->outside);
    }
    f->done = true;
    swapcontext(&f->inside, &f->outside);
}
NOINLINE int fibers(int depth) {
    if (in_fiber || random_number() % 4)
        return descend(depth - 1);
    constexpr size_t stack_bytes = 256 * 1024;
    Fiber f[2];
    void *stacks[2];
    for (int i = 0; i < 2; i++) {
        stacks[i] = malloc(stack_bytes);
        getcontext(&f[i].inside);
        f[i].inside.uc_stack.ss_sp = stacks[i];
        f[i].inside.uc_stack.ss_size = stack_bytes;
        f[i].inside.uc_link = nullptr;
        f[i].depth = std::min(depth - 1, 6);
        f[i].done = false;
        auto address = reinterpret_cast<unsigned long>(&f[i]);
        makecontext(&f[i].inside, reinterpret_cast<void (*)()>(fiber_main), 2, static_cast<unsigned>(address),
                    static_cast<unsigned>(address >> 32));
    }
    for (int i = 0; i < 6; i++) {
        Fiber &next = f[random_number() & 1];
        allocate();
        if (!next.done)
            swapcontext(&next.outside, &next.inside);
        allocate();
    }
    for (void *stack : stacks)
        free(stack);
    return descend(depth - 1);
}

int (*const calls[])(int) = {
    plain,       with_alloca, with_large_frame, with_many_registers, realigned,          virtual_call,
    out_of_libc, containers,  catches,          marks_way_back,      jumps_back,         interrupted,
    fibers,      plain,       realigned,        with_alloca,         with_many_registers};

NOINLINE int descend(int depth) {
    if (depth <= 0 || budget <= 0) {
        allocate();
        return 1;
    }
    budget--;
    int r = 0;
    for (int i = random_number() % 5 == 0 ? 2 : 1; i > 0; i--)
        r += calls[random_number() % (sizeof calls / sizeof calls[0])](depth) + 1;
    return r;
}

void use_alternate_stack() {
    stack_t alternate{};
    alternate.ss_size = 256 * 1024;
    alternate.ss_sp = malloc(alternate.ss_size);
    sigaltstack(&alternate, nullptr);
}

void *rounds(void *seed_and_count) {
    auto *a = static_cast<long *>(seed_and_count);
    use_alternate_stack();
    state = static_cast<unsigned>(a[0]);
    for (long i = 0; i < a[1]; i++) {
        budget = 3000;
        way_back = nullptr;
        descend(5 + static_cast<int>(random_number() % 45));
    }
    return nullptr;
}

} // namespace

int main(int argc, char **argv) {
    long seed = argc > 1 ? atol(argv[1]) : 1, count = argc > 2 ? atol(argv[2]) : 100;
    long threads = argc > 3 ? atol(argv[3]) : 1;
    struct sigaction action {};
    action.sa_handler = handler;
    sigaction(SIGUSR1, &action, nullptr);
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR2, &action, nullptr);
    std::vector<pthread_t> others(static_cast<size_t>(threads) - 1);
    std::vector<long> arguments;
    for (long i = 0; i < threads; i++) {
        arguments.push_back(seed * 1000 + i * 77 + 1);
        arguments.push_back(count);
    }
    for (size_t i = 0; i < others.size(); i++)
        pthread_create(&others[i], nullptr, rounds, &arguments[2 * i + 2]);
    rounds(arguments.data());
    for (pthread_t t : others)
        pthread_join(t, nullptr);
    return 0;
}
