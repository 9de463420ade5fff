#pragma once

// Replaces operator new of a test program, which includes this once, by one that can be told to fail.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>

namespace failing_allocator {

enum class Failing { one, all_from_there };

// Allocations, of any thread, until the one that fails.
inline std::atomic<std::int64_t> left{std::numeric_limits<std::int64_t>::max()};
inline std::atomic<bool> goes_on{false};
inline std::atomic<bool> has_failed{false};
inline std::atomic<std::int64_t> n_live{0};

inline void fail_at(std::int64_t n, Failing failing) {
    goes_on = failing == Failing::all_from_there;
    has_failed = false;
    left = n;
}
inline void succeed() { left = std::numeric_limits<std::int64_t>::max(); }

inline void* allocate(std::size_t size, std::size_t alignment) {
    const std::int64_t now = --left;
    if (now == 0 || (now < 0 && goes_on)) {
        has_failed = true;
        throw std::bad_alloc();
    }
    void* memory = nullptr;
    if (posix_memalign(&memory, alignment, size) != 0) throw std::bad_alloc();
    ++n_live;
    return memory;
}
inline void release(void* memory) noexcept {
    if (memory == nullptr) return;
    --n_live;
    std::free(memory);
}

}  // namespace failing_allocator

// NOLINTBEGIN(misc-definitions-in-headers): a program has these once, as it includes this once.
void* operator new(std::size_t size) { return failing_allocator::allocate(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return failing_allocator::allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { failing_allocator::release(memory); }
void operator delete(void* memory, std::size_t) noexcept { failing_allocator::release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { failing_allocator::release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { failing_allocator::release(memory); }
// NOLINTEND(misc-definitions-in-headers)
