#pragma once

#include <cstddef>

namespace fastgd {

inline constexpr std::size_t kCacheLine = 64;

// For memory that nobody has touched yet: the system clears and frees large pages several times as fast, and kernels
// look up fewer of them. It is advice, of which little memory takes none.
void ask_for_large_pages(void* memory, std::size_t bytes);

// Zeroed memory on a cache line's boundary. Throws std::bad_alloc.
//
// Much of it comes from the system, which clears each page when it is first touched: whoever asks for it need not wait
// for that, and threads share it.
void* zeroed_memory(std::size_t bytes);
void release_zeroed(void* memory, std::size_t bytes);

}  // namespace fastgd
