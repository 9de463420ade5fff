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

// Bytes from an address to the next multiple.
std::size_t bytes_to(const void* memory, std::size_t multiple) {
    return (multiple - reinterpret_cast<std::uintptr_t>(memory) % multiple) % multiple;
}

}  // namespace

void ask_for_large_pages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#ifdef __linux__
    constexpr std::size_t kLargePage = std::size_t{1} << 21;
    if (bytes < kMuch) return;
    const std::size_t before = bytes_to(memory, kLargePage);
    madvise(static_cast<std::byte*>(memory) + before, bytes - before, MADV_HUGEPAGE);
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
    std::byte* memory = static_cast<std::byte*>(all) + sizeof(void*);
    memory += bytes_to(memory, kCacheLine);
    ask_for_large_pages(memory, bytes);
    std::memcpy(memory - sizeof(void*), &all, sizeof(void*));
    return memory;
}

void release_zeroed(void* memory, std::size_t bytes) {
    if (bytes < kMuch) return ::operator delete(memory, std::align_val_t{kCacheLine});
    void* all = nullptr;
    std::memcpy(&all, static_cast<std::byte*>(memory) - sizeof(void*), sizeof(void*));
    std::free(all);
}

}  // namespace fastgd
