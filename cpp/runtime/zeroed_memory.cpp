#include "runtime/zeroed_memory.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace fastgd {
namespace {

// From here on the C library asks the system, and a page of 2 MiB fits in.
constexpr std::size_t kMuch = std::size_t{1} << 22;

std::uintptr_t round_up(std::uintptr_t address, std::uintptr_t to) { return (address + to - 1) / to * to; }

}  // namespace

void ask_for_large_pages([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t bytes) {
#ifdef __linux__
    constexpr std::uintptr_t kLargePage = std::uintptr_t{1} << 21;
    if (bytes < kMuch) return;
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    const std::uintptr_t first = round_up(begin, kLargePage);
    madvise(reinterpret_cast<void*>(first), begin + bytes - first, MADV_HUGEPAGE);
#endif
}

void* zeroed_memory(std::size_t bytes) {
    if (bytes < kMuch) {
        void* memory = ::operator new(bytes, std::align_val_t{kCacheLine});
        std::memset(memory, 0, bytes);
        return memory;
    }
    // What calloc returned stands before the line that the memory begins with.
    void* all = bytes > SIZE_MAX - 2 * kCacheLine ? nullptr : std::calloc(1, bytes + 2 * kCacheLine);
    if (all == nullptr) throw std::bad_alloc();
    const std::uintptr_t begin = round_up(reinterpret_cast<std::uintptr_t>(all) + sizeof(void*), kCacheLine);
    auto* memory = reinterpret_cast<void*>(begin);
    ask_for_large_pages(memory, bytes);
    std::memcpy(static_cast<std::byte*>(memory) - sizeof(void*), &all, sizeof(void*));
    return memory;
}

void release_zeroed(void* memory, std::size_t bytes) {
    if (bytes < kMuch) return ::operator delete(memory, std::align_val_t{kCacheLine});
    void* all = nullptr;
    std::memcpy(&all, static_cast<std::byte*>(memory) - sizeof(void*), sizeof(void*));
    std::free(all);
}

}  // namespace fastgd
