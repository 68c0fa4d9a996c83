// control.cpp CASE ROUNDS — control flow that unwinders and guards stumble over, allocating all the way.
// Says how many rounds it went; what it allocated the witness knows.
#include <csetjmp>
#include <csignal>
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <vector>

#define NOINLINE __attribute__((noinline))

namespace {

NOINLINE void allocate(size_t size = 40) {
    void *volatile block = malloc(size);
    free(block);
}

// ---- exceptions ----

NOINLINE int throw_below(int depth) {
    std::string on_the_way(100 + depth, 'x'); // freed by the unwinding
    if (depth == 0)
        throw std::runtime_error(on_the_way);
    return throw_below(depth - 1) + 1;
}
NOINLINE int rethrow_at(int depth) {
    try {
        return throw_below(depth);
    } catch (std::runtime_error &) {
        allocate();
        throw;
    }
}
void exceptions(int rounds) {
    for (int i = 0; i < rounds; i++) {
        try {
            rethrow_at(1 + i % 200);
        } catch (std::exception &e) {
            allocate(strlen(e.what()));
        }
    }
}

// ---- longjmp ----

jmp_buf way_back;
NOINLINE void jump_from(int depth) {
    allocate();
    if (depth == 0)
        longjmp(way_back, 1);
    jump_from(depth - 1);
    allocate();
}
void longjmps(int rounds) {
    for (volatile int i = 0; i < rounds; i = i + 1)
        if (!setjmp(way_back))
            jump_from(i % 50);
}

// ---- signals ----

volatile sig_atomic_t handled;
sigjmp_buf out_of_handler;
volatile sig_atomic_t may_jump;

void every(int us) {
    itimerval timer = {{0, us}, {0, us}};
    setitimer(ITIMER_REAL, &timer, nullptr);
}
volatile sig_atomic_t depth;
void on_allocating_signal(int) {
    handled = handled + 1;
    if (depth == 3)
        return; // it must come to an end on a slow machine, too
    depth = depth + 1;
    allocate(24);
    void *volatile block = malloc(200);
    block = realloc(block, 400);
    free(block);
    depth = depth - 1;
}
void on_jumping_signal(int) {
    handled = handled + 1;
    allocate(24);
    if (may_jump)
        siglongjmp(out_of_handler, 1);
}
void catch_alarm(void (*handler)(int), int flags) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaction(SIGALRM, &action, nullptr);
}
void use_alternate_stack() {
    stack_t stack = {};
    stack.ss_size = 64 * 1024;
    stack.ss_sp = mmap(nullptr, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaltstack(&stack, nullptr);
}
void handlers(int signals, int flags) {
    catch_alarm(on_allocating_signal, flags);
    every(50);
    while (handled < signals)
        for (int i = 0; i < 100; i++)
            allocate(i);
    every(0);
}
void handlers_on_alternate_stack(int signals) {
    use_alternate_stack();
    handlers(signals, SA_ONSTACK);
}
void nested_handlers(int signals) {
    handlers(signals, SA_NODEFER);
}
void jump_out_of_malloc(int signals) {
    catch_alarm(on_jumping_signal, SA_NODEFER);
    every(100);
    while (handled < signals) {
        sigsetjmp(out_of_handler, 1);
        may_jump = 1;
        for (int i = 0; i < 100; i++)
            allocate(i);
        may_jump = 0;
    }
    every(0);
    for (int i = 0; i < 1000; i++) // the guard must be open again
        allocate(12345);
}

// ---- fibers and coroutines ----

ucontext_t home, fiber;
int steps;
void in_fiber() {
    for (;;) {
        allocate(steps++);
        swapcontext(&fiber, &home);
    }
}
void fibers(int rounds) {
    static char stack[64 * 1024];
    getcontext(&fiber);
    fiber.uc_stack.ss_sp = stack;
    fiber.uc_stack.ss_size = sizeof stack;
    makecontext(&fiber, in_fiber, 0);
    for (int i = 0; i < rounds; i++) {
        swapcontext(&home, &fiber);
        allocate();
    }
}

struct generator {
    struct promise_type {
        int value = 0;
        generator get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        std::suspend_always yield_value(int v) { return value = v, std::suspend_always{}; }
        void return_void() {}
        void unhandled_exception() { throw; }
    };
    std::coroutine_handle<promise_type> handle;
};
generator count_to(int n) {
    for (int i = 0; i < n; i++) {
        auto kept = std::make_unique<std::string>(50, 'c');
        co_yield i;
    }
}
void coroutines(int rounds) {
    for (int i = 0; i < rounds; i++) {
        auto all = count_to(10);
        while (!all.handle.done())
            all.handle.resume();
        all.handle.destroy();
    }
}

// ---- depth ----

NOINLINE long descend(int depth) {
    allocate();
    long below = depth > 0 ? descend(depth - 1) : 0;
    __asm__ volatile("" : : : "memory"); // no tail call
    return below + 1;
}
void *descend_in_thread(void *depth) {
    return reinterpret_cast<void *>(descend(*static_cast<int *>(depth)));
}
void recursion(int depth) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size_t(1) << 30);
    pthread_t thread;
    void *frames;
    pthread_create(&thread, &attributes, descend_in_thread, &depth);
    pthread_join(thread, &frames);
    printf("%ld frames\n", reinterpret_cast<long>(frames));
}

// ---- tail calls, assembly, generated code ----

NOINLINE void *tail(size_t size) {
    return malloc(size); // a jump
}
void tail_calls(int rounds) {
    for (int i = 0; i < rounds; i++) {
        void *volatile block = tail(i);
        free(block);
    }
}

extern "C" void *without_cfi(void *(*function)(size_t), size_t size);
__asm__(".text\n"
        "without_cfi: push %rbx\n" // no frame pointer, no unwind information
        "sub $0x1230, %rsp\n"
        "mov %rdi, %rax\n"
        "mov %rsi, %rdi\n"
        "call *%rax\n"
        "add $0x1230, %rsp\n"
        "pop %rbx\n"
        "ret\n");
void assembly(int rounds) {
    for (int i = 0; i < rounds; i++)
        free(without_cfi(malloc, i));
}

void generated_code(int rounds) {
    // sub $0x88,%rsp; mov %rdi,%rax; mov %rsi,%rdi; call *%rax; add $0x88,%rsp; ret
    static const unsigned char code[] = {0x48, 0x81, 0xec, 0x88, 0, 0, 0, 0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7,
                                         0xff, 0xd0, 0x48, 0x81, 0xc4, 0x88, 0, 0, 0, 0xc3};
    for (int i = 0; i < rounds; i++) {
        void *page =
            mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memcpy(page, code, sizeof code);
        free(reinterpret_cast<void *(*)(void *(*)(size_t), size_t)>(page)(malloc, 30));
        munmap(page, 4096);
    }
}

// ---- a coroutine's stack that was made smaller ----

// Calls `function` on the stack that ends at `stack`, with any value in rbp, without unwind information: as
// generated code does.
extern "C" void call_on(void (*function)(), void *frame_pointer, void *stack);
__asm__(".text\n"
        "call_on: push %rbp\n"
        "push %rbx\n"
        "mov %rsp, %rbx\n"
        "mov %rdx, %rsp\n"
        "mov %rsi, %rbp\n"
        "call *%rdi\n"
        "mov %rbx, %rsp\n"
        "pop %rbx\n"
        "pop %rbp\n"
        "ret\n");
void shrunk_stack(int rounds) {
    const size_t whole = 1 << 20, kept = 1 << 16;
    for (int i = 0; i < rounds; i++) {
        char *low = static_cast<char *>(
            mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        call_on([] { allocate(); }, low + whole - 64, low + kept); // a chain that ends at the top
        if (i % 2)
            mprotect(low + kept, whole - kept, PROT_NONE);
        else
            munmap(low + kept, whole - kept);
        call_on([] { allocate(); }, low + whole / 2, low + kept);
        munmap(low, whole);
    }
}

// ---- a stack that was smashed before it allocates ----

NOINLINE void with_smashed_frame(int) {
    void **frame = static_cast<void **>(__builtin_frame_address(0));
    void *fp = frame[0], *ra = frame[1];
    frame[0] = reinterpret_cast<void *>(0x10);
    frame[1] = reinterpret_cast<void *>(0xdeadbeefdeadbeef);
    allocate();
    frame[0] = fp;
    frame[1] = ra;
    allocate();
}
void smashed(int rounds) {
    for (int i = 0; i < rounds; i++)
        with_smashed_frame(i);
}

struct {
    const char *name;
    void (*run)(int);
} const cases[] = {{"exceptions", exceptions},
                   {"longjmps", longjmps},
                   {"handlers", [](int n) { handlers(n, 0); }},
                   {"handlers-on-alternate-stack", handlers_on_alternate_stack},
                   {"nested-handlers", nested_handlers},
                   {"jump-out-of-malloc", jump_out_of_malloc},
                   {"fibers", fibers},
                   {"coroutines", coroutines},
                   {"recursion", recursion},
                   {"tail-calls", tail_calls},
                   {"assembly", assembly},
                   {"generated-code", generated_code},
                   {"shrunk-stack", shrunk_stack},
                   {"smashed", smashed}};

} // namespace

int main(int argc, char **argv) {
    int rounds = atoi(argv[argc - 1]);
    for (auto &each : cases)
        if (argc == 3 && strcmp(each.name, argv[1]) == 0) {
            each.run(rounds);
            printf("%s: %d rounds\n", each.name, rounds);
            return 7;
        }
    return 2;
}
