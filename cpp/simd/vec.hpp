#pragma once

// The virtual vector: 512 bits wide on every instruction set, so that a kernel written once gives the same bits
// everywhere. One header an instruction set implements it; a translation unit picks its own by a macro.
//
// Everything lives in an anonymous namespace and nothing of `std::` that could emit a weak symbol is used: the linker
// keeps one copy of a weak symbol, and that copy might hold instructions the machine lacks.

#include <cstddef>
#include <cstdint>

#define FASTGD_INLINE inline __attribute__((always_inline))

namespace fastgd {
namespace {

template <class T>
struct Vec;

// One truth value a lane.
template <class T>
struct Mask;

// Integers as wide as T, one a lane.
template <class T>
struct IVec;

template <class T>
constexpr int kLanes = 64 / static_cast<int>(sizeof(T));

template <class T>
struct LaneIntOf;
template <>
struct LaneIntOf<float> {
    using Type = std::int32_t;
};
template <>
struct LaneIntOf<double> {
    using Type = std::int64_t;
};
template <class T>
using LaneInt = typename LaneIntOf<T>::Type;

// One lane's worth, in one rounding.
FASTGD_INLINE float scalar_fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
FASTGD_INLINE double scalar_fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
FASTGD_INLINE float scalar_fnma(float a, float b, float c) { return __builtin_fmaf(-a, b, c); }
FASTGD_INLINE double scalar_fnma(double a, double b, double c) { return __builtin_fma(-a, b, c); }

FASTGD_INLINE void prefetch(const void* p) { __builtin_prefetch(p, 0, 3); }
// Into the second level, where there is room for what is not wanted at once.
FASTGD_INLINE void prefetch_far(const void* p) { __builtin_prefetch(p, 0, 2); }

struct Bytes16 {
    std::uint64_t low, high;
};

FASTGD_INLINE std::uint64_t load_u64(const unsigned char* p) {
    std::uint64_t v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

FASTGD_INLINE std::uint64_t load_u32(const unsigned char* p) {
    std::uint32_t v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

// The first n of 16 little-endian bytes, the rest zero. Two overlapping reads cost less than a copy of unknown length,
// and neither leaves the n bytes.
FASTGD_INLINE Bytes16 load_bytes(const void* memory, int n) {
    const unsigned char* p = static_cast<const unsigned char*>(memory);
    if (n >= 16) return {load_u64(p), load_u64(p + 8)};
    if (n > 8) return {load_u64(p), load_u64(p + n - 8) >> (8 * (16 - n))};
    if (n == 8) return {load_u64(p), 0};
    if (n >= 4) return {load_u32(p) | load_u32(p + n - 4) << (8 * (n - 4)), 0};
    if (n <= 0) return {0, 0};
    const std::uint64_t first = p[0], middle = p[n / 2], last = p[n - 1];
    return {first | middle << (8 * (n / 2)) | last << (8 * (n - 1)), 0};
}

}  // namespace
}  // namespace fastgd

#if defined(FASTGD_ISA_AVX512)
#include "simd/avx512.hpp"
#elif defined(FASTGD_ISA_AVX2)
#include "simd/avx2.hpp"
#elif defined(FASTGD_ISA_NEON)
#include "simd/neon.hpp"
#elif defined(FASTGD_ISA_GENERIC)
#include "simd/generic.hpp"
#else
#error "define one of FASTGD_ISA_AVX512, FASTGD_ISA_AVX2, FASTGD_ISA_NEON, FASTGD_ISA_GENERIC"
#endif
