#include "runtime/permutation.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>
#include <string_view>

#include "runtime/dispatch.hpp"
#include "runtime/philox.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#define FASTGD_TARGET(name) __attribute__((target(name)))
#endif
#if defined(__GNUC__)
#define FASTGD_FORCE_INLINE inline __attribute__((always_inline))
#else
#define FASTGD_FORCE_INLINE __forceinline
#endif

namespace fastgd {
namespace {

constexpr std::size_t kBlock = 512;  // indices at a time: the halves stay in the first-level cache
constexpr std::size_t kGroup = 32;   // a number the compiler knows: it vectorises without remainders

struct Network {
    std::int64_t n;
    int low_bits;
    std::uint32_t low_mask;
    std::uint32_t high_mask;
    std::array<std::uint32_t, Permutation::kRounds> keys;
};

struct Block {
    alignas(64) std::uint32_t low[kBlock];
    alignas(64) std::uint32_t high[kBlock];
    std::uint32_t outside[kBlock];  // where in the block the walk has to go on
};

FASTGD_FORCE_INLINE std::uint32_t mix(std::uint32_t x) {
    x *= 0x9E3779B1u;
    x ^= x >> 16;
    x *= 0x85EBCA6Bu;
    x ^= x >> 13;
    x *= 0xC2B2AE35u;
    x ^= x >> 16;
    return x;
}

// The network, or its inverse, on the first `count` halves, in place, rounded up to whole groups.
template <bool kInverse>
FASTGD_FORCE_INLINE void apply_rounds(const Network& network, Block& block, std::size_t count) {
    const std::uint32_t* k = network.keys.data();
    const std::uint32_t low_mask = network.low_mask;
    const std::uint32_t high_mask = network.high_mask;
    for (std::size_t i = count; i % kGroup != 0; ++i) {
        block.low[i] = 0;
        block.high[i] = 0;
    }
    for (std::size_t begin = 0; begin < count; begin += kGroup) {
        std::uint32_t* low = block.low + begin;
        std::uint32_t* high = block.high + begin;
        for (std::size_t i = 0; i < kGroup; ++i) {
            std::uint32_t l = low[i];
            std::uint32_t h = high[i];
            if constexpr (kInverse) {
                h ^= mix(l ^ k[7]) & high_mask;
                l ^= mix(h ^ k[6]) & low_mask;
                h ^= mix(l ^ k[5]) & high_mask;
                l ^= mix(h ^ k[4]) & low_mask;
                h ^= mix(l ^ k[3]) & high_mask;
                l ^= mix(h ^ k[2]) & low_mask;
                h ^= mix(l ^ k[1]) & high_mask;
                l ^= mix(h ^ k[0]) & low_mask;
            } else {
                l ^= mix(h ^ k[0]) & low_mask;
                h ^= mix(l ^ k[1]) & high_mask;
                l ^= mix(h ^ k[2]) & low_mask;
                h ^= mix(l ^ k[3]) & high_mask;
                l ^= mix(h ^ k[4]) & low_mask;
                h ^= mix(l ^ k[5]) & high_mask;
                l ^= mix(h ^ k[6]) & low_mask;
                h ^= mix(l ^ k[7]) & high_mask;
            }
            low[i] = l;
            high[i] = h;
        }
    }
}

template <bool kInverse>
FASTGD_FORCE_INLINE void map_in_blocks(const Network& network, std::uint64_t start, std::size_t count,
                                       std::int64_t* out) {
    const std::int64_t n = network.n;
    const int low_bits = network.low_bits;
    Block block;
    for (std::size_t done = 0; done < count; done += kBlock, start += kBlock, out += kBlock) {
        const std::size_t size = std::min(kBlock, count - done);
        for (std::size_t i = 0; i < size; ++i) {
            block.low[i] = static_cast<std::uint32_t>(start + i) & network.low_mask;
            block.high[i] = static_cast<std::uint32_t>((start + i) >> low_bits);
        }
        apply_rounds<kInverse>(network, block, size);
        for (std::size_t i = 0; i < size; ++i)
            out[i] = (static_cast<std::int64_t>(block.high[i]) << low_bits) | block.low[i];
        std::size_t n_outside = 0;
        for (std::size_t i = 0; i < size; ++i) {
            block.outside[n_outside] = static_cast<std::uint32_t>(i);
            n_outside += out[i] >= n ? 1 : 0;
        }
        while (n_outside > 0) {
            for (std::size_t k = 0; k < n_outside; ++k) {
                const auto value = static_cast<std::uint64_t>(out[block.outside[k]]);
                block.low[k] = static_cast<std::uint32_t>(value) & network.low_mask;
                block.high[k] = static_cast<std::uint32_t>(value >> low_bits);
            }
            apply_rounds<kInverse>(network, block, n_outside);
            std::size_t n_still_outside = 0;
            for (std::size_t k = 0; k < n_outside; ++k) {
                const std::uint32_t i = block.outside[k];
                out[i] = (static_cast<std::int64_t>(block.high[k]) << low_bits) | block.low[k];
                block.outside[n_still_outside] = i;
                n_still_outside += out[i] >= n ? 1 : 0;
            }
            n_outside = n_still_outside;
        }
    }
}

using Map = void (*)(const Network&, std::uint64_t, std::size_t, std::int64_t*);

template <bool kInverse>
void map_baseline(const Network& network, std::uint64_t start, std::size_t count, std::int64_t* out) {
    map_in_blocks<kInverse>(network, start, count, out);
}

#if defined(FASTGD_TARGET)

// A 32-bit product is one instruction in these and many in the baseline of this processor family: five times the speed.
// Whole numbers, so the results do not depend on which is used. Each target is part of the flags of the table's row.
template <bool kInverse>
FASTGD_TARGET("avx2")
void map_avx2(const Network& network, std::uint64_t start, std::size_t count, std::int64_t* out) {
    map_in_blocks<kInverse>(network, start, count, out);
}

template <bool kInverse>
FASTGD_TARGET("avx512f")
void map_avx512(const Network& network, std::uint64_t start, std::size_t count, std::int64_t* out) {
    map_in_blocks<kInverse>(network, start, count, out);
}

template <bool kInverse>
Map choose_map() {
    const std::string_view level = simd_level();
    return level == "avx512" ? &map_avx512<kInverse> : level == "avx2" ? &map_avx2<kInverse> : &map_baseline<kInverse>;
}

#else

template <bool kInverse>
Map choose_map() {
    return &map_baseline<kInverse>;
}

#endif

}  // namespace

Permutation::Permutation(std::uint64_t n, std::uint64_t seed, std::uint64_t epoch) : n_(n) {
    if (n < 1 || n >= (std::uint64_t{1} << 62))
        throw std::invalid_argument("n = " + std::to_string(n) + ": a permutation has from 1 to 2^62 - 1 elements");
    const int bits = std::max(4, static_cast<int>(std::bit_width(n - 1)));
    low_bits_ = bits / 2;
    high_bits_ = bits - low_bits_;
    for (std::size_t round = 0; round < keys_.size(); ++round) {
        const PhiloxWords words = philox(seed, PhiloxStream::permutation, epoch, round / 4);
        keys_[round] = static_cast<std::uint32_t>(words[round % 4]);
    }
}

template <bool kInverse>
void Permutation::map(std::uint64_t start, std::size_t count, std::int64_t* out) const {
    if (start > n_ || count > n_ - start) {
        throw std::out_of_range("start = " + std::to_string(start) + ", count = " + std::to_string(count) +
                                ": the permutation has " + std::to_string(n_) + " elements");
    }
    const Network network{static_cast<std::int64_t>(n_), low_bits_, (std::uint32_t{1} << low_bits_) - 1,
                          (std::uint32_t{1} << high_bits_) - 1, keys_};
    static const Map map_them = choose_map<kInverse>();
    map_them(network, start, count, out);
}

void Permutation::fill(std::uint64_t start, std::size_t count, std::int64_t* out) const {
    map<false>(start, count, out);
}

void Permutation::find(std::uint64_t start, std::size_t count, std::int64_t* out) const {
    map<true>(start, count, out);
}

}  // namespace fastgd
