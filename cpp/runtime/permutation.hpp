#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace fastgd {

// A random order of 0 .. n-1, a function of (n, seed, epoch) alone, that is computed where it is needed: any part of
// it can be had without the rest and without memory. A keyed bijection on the next power of two (Feistel network),
// applied again while it leads outside of 0 .. n-1.
class Permutation {
public:
    // n in 1 .. 2^62 - 1; anything else throws std::invalid_argument.
    Permutation(std::uint64_t n, std::uint64_t seed, std::uint64_t epoch);

    // out[j] = the element at position start + j, for j < count; start + count <= n, else std::out_of_range.
    void fill(std::uint64_t start, std::size_t count, std::int64_t* out) const;
    // The way back: out[j] = the position of the element start + j.
    void find(std::uint64_t start, std::size_t count, std::int64_t* out) const;

    static constexpr int kRounds = 8;

private:
    template <bool kInverse>
    void map(std::uint64_t start, std::size_t count, std::int64_t* out) const;

    std::uint64_t n_;
    int low_bits_;
    int high_bits_;
    std::array<std::uint32_t, kRounds> keys_;
};

}  // namespace fastgd
