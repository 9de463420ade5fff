#pragma once

#include <array>
#include <cstdint>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

namespace fastgd {

using PhiloxWords = std::array<std::uint64_t, 4>;

// What a stream of random numbers is for; streams of one seed are independent.
enum class PhiloxStream : std::uint64_t {
    permutation = 0,
    initial_parameters = 1,
    eigenvalue_start = 2,
    second_moments = 3,
    dropout = 4
};

namespace detail {

struct Product {
    std::uint64_t high;
    std::uint64_t low;
};

inline Product multiply_full(std::uint64_t a, std::uint64_t b) {
#if defined(_MSC_VER) && !defined(__clang__)
    return {__umulh(a, b), a * b};
#else
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return {static_cast<std::uint64_t>(product >> 64), static_cast<std::uint64_t>(product)};
#endif
}

}  // namespace detail

// Philox4x64-10: the four words of one block. A pure function of its arguments, equal to numpy.random.Philox, which
// counts up before it draws: `Philox(key=key, counter=c).random_raw(4)` is the block of counter c + 1.
inline PhiloxWords philox(PhiloxWords counter, std::array<std::uint64_t, 2> key) {
    constexpr std::uint64_t multiplier0 = 0xD2E7470EE14C6C93u;
    constexpr std::uint64_t multiplier1 = 0xCA5A826395121157u;
    constexpr std::uint64_t weyl0 = 0x9E3779B97F4A7C15u;
    constexpr std::uint64_t weyl1 = 0xBB67AE8584CAA73Bu;
    constexpr int rounds = 10;

    for (int round = 0; round < rounds; ++round) {
        const detail::Product p0 = detail::multiply_full(multiplier0, counter[0]);
        const detail::Product p1 = detail::multiply_full(multiplier1, counter[2]);
        counter = {p1.high ^ counter[1] ^ key[0], p1.low, p0.high ^ counter[3] ^ key[1], p0.low};
        key[0] += weyl0;
        key[1] += weyl1;
    }
    return counter;
}

// The project's use of it: seed and stream are the key, block and epoch the counter.
inline PhiloxWords philox(std::uint64_t seed, PhiloxStream stream, std::uint64_t epoch, std::uint64_t block) {
    return philox({block, epoch, 0, 0}, {seed, static_cast<std::uint64_t>(stream)});
}

}  // namespace fastgd
