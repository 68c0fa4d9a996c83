// own_operators.cpp — operators of the program's own on top of malloc, with a header before each block.
#include <cstdlib>
#include <new>
static void *take(size_t size) {
    auto *block = static_cast<size_t *>(malloc(size + 16));
    if (!block)
        throw std::bad_alloc();
    *block = size;
    return block + 2;
}
static void drop(void *block) {
    if (block)
        free(static_cast<size_t *>(block) - 2);
}
void *operator new(size_t size) { return take(size); }
void *operator new[](size_t size) { return take(size); }
void operator delete(void *block) noexcept { drop(block); }
void operator delete[](void *block) noexcept { drop(block); }
void operator delete(void *block, size_t) noexcept { drop(block); }
void operator delete[](void *block, size_t) noexcept { drop(block); }
