#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include "runtime/permutation.hpp"

namespace fastgd {
namespace detail {

constexpr std::size_t kLineBytes = 64;

// A row to where nothing is read soon: its whole lines go to memory without being fetched from there before, which
// would be as much traffic again as writing them.
inline void stream_row(const std::byte* from, std::size_t bytes, std::byte* to) {
    std::size_t done = 0;
#if defined(__x86_64__)
    if (bytes >= 2 * kLineBytes) {
        done = -reinterpret_cast<std::uintptr_t>(to) % kLineBytes;
        std::memcpy(to, from, done);
        for (; done + kLineBytes <= bytes; done += kLineBytes)
            for (std::size_t at = done; at < done + kLineBytes; at += sizeof(long long)) {
                long long word = 0;
                std::memcpy(&word, from + at, sizeof word);
                _mm_stream_si64(reinterpret_cast<long long*>(to + at), word);
            }
    }
#endif
    std::memcpy(to + done, from + done, bytes - done);
}

// Streams are not in order with what tells another thread that they are done.
inline void end_streams() {
#if defined(__x86_64__)
    _mm_sfence();
#endif
}

}  // namespace detail

// Rows first .. first + count - 1, the bytes of each `stride` after those before, to where `order` has them in `out`.
inline void place_rows(const std::byte* rows, std::ptrdiff_t stride, std::int64_t first, std::int64_t count,
                       std::size_t row_bytes, const Permutation& order, std::byte* out) {
    constexpr std::int64_t kAtOnce = 512;
    // Far enough for the first and last line of a row to come from memory, which it shares with others.
    constexpr std::size_t kBytesAhead = 2048;
    const auto ahead = static_cast<std::int64_t>(kBytesAhead / row_bytes + 1);
    std::int64_t position[kAtOnce];
    const auto place = [&](std::int64_t i) { return out + static_cast<std::size_t>(position[i]) * row_bytes; };
    for (std::int64_t begin = 0; begin < count; begin += kAtOnce) {
        const std::int64_t n = std::min(kAtOnce, count - begin);
        order.find(static_cast<std::uint64_t>(first + begin), static_cast<std::size_t>(n), position);
        for (std::int64_t i = 0; i < n; ++i) {
            if (i + ahead < n) {
                __builtin_prefetch(place(i + ahead), 1);
                __builtin_prefetch(place(i + ahead) + row_bytes - 1, 1);
            }
            detail::stream_row(rows + (begin + i) * stride, row_bytes, place(i));
        }
    }
    detail::end_streams();
}

}  // namespace fastgd
