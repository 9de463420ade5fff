#pragma once

// Plain C++ for any processor. Slow where a fused multiply-add is a library call, but the bits are the same.

#include "simd/vec.hpp"

namespace fastgd {
namespace {

constexpr const char* kIsaName = "generic";
constexpr int kRegisters = 4;

// Unsigned, because lanes wrap around.
template <class T>
struct LaneBitsOf;
template <>
struct LaneBitsOf<float> {
    using Type = std::uint32_t;
};
template <>
struct LaneBitsOf<double> {
    using Type = std::uint64_t;
};
template <class T>
using LaneBits = typename LaneBitsOf<T>::Type;

template <class T>
struct Vec {
    T v[kLanes<T>];
};
template <class T>
struct Mask {
    LaneBits<T> m[kLanes<T>];
};
template <class T>
struct IVec {
    LaneBits<T> v[kLanes<T>];
};

template <class T, class F>
FASTGD_INLINE Vec<T> each_lane(F f) {
    Vec<T> r;
    for (int i = 0; i < kLanes<T>; ++i) r.v[i] = f(i);
    return r;
}
template <class T, class F>
FASTGD_INLINE Mask<T> each_truth(F f) {
    Mask<T> r;
    for (int i = 0; i < kLanes<T>; ++i) r.m[i] = f(i) ? ~LaneBits<T>(0) : LaneBits<T>(0);
    return r;
}
template <class T, class F>
FASTGD_INLINE IVec<T> each_int(F f) {
    IVec<T> r;
    for (int i = 0; i < kLanes<T>; ++i) r.v[i] = f(i);
    return r;
}

FASTGD_INLINE float scalar_sqrt(float a) { return __builtin_sqrtf(a); }
FASTGD_INLINE double scalar_sqrt(double a) { return __builtin_sqrt(a); }
FASTGD_INLINE float scalar_round(float a) { return __builtin_rintf(a); }
FASTGD_INLINE double scalar_round(double a) { return __builtin_rint(a); }

template <class T>
FASTGD_INLINE Vec<T> set1(T x) {
    return each_lane<T>([&](int) { return x; });
}
template <class T>
FASTGD_INLINE Vec<T> zero() {
    return set1<T>(T(0));
}
template <class T>
FASTGD_INLINE IVec<T> iset1(LaneInt<T> x) {
    return each_int<T>([&](int) { return static_cast<LaneBits<T>>(x); });
}
template <class T>
FASTGD_INLINE Mask<T> first_n(int n) {
    return each_truth<T>([&](int i) { return i < n; });
}

template <class T>
FASTGD_INLINE Vec<T> load(const T* p) {
    Vec<T> r;
    __builtin_memcpy(&r, p, sizeof r);
    return r;
}
template <class T>
FASTGD_INLINE Vec<T> load_partial(const T* p, int n) {
    Vec<T> r = zero<T>();
    for (int i = 0; i < n; ++i) __builtin_memcpy(&r.v[i], p + i, sizeof(T));
    return r;
}
template <class T>
FASTGD_INLINE void store(T* p, Vec<T> a) {
    __builtin_memcpy(p, &a, sizeof a);
}
template <class T>
FASTGD_INLINE void store_partial(T* p, Vec<T> a, int n) {
    for (int i = 0; i < n; ++i) __builtin_memcpy(p + i, &a.v[i], sizeof(T));
}

template <class T>
FASTGD_INLINE Vec<T> operator+(Vec<T> a, Vec<T> b) {
    return each_lane<T>([&](int i) { return a.v[i] + b.v[i]; });
}
template <class T>
FASTGD_INLINE Vec<T> operator-(Vec<T> a, Vec<T> b) {
    return each_lane<T>([&](int i) { return a.v[i] - b.v[i]; });
}
template <class T>
FASTGD_INLINE Vec<T> operator*(Vec<T> a, Vec<T> b) {
    return each_lane<T>([&](int i) { return a.v[i] * b.v[i]; });
}
template <class T>
FASTGD_INLINE Vec<T> operator/(Vec<T> a, Vec<T> b) {
    return each_lane<T>([&](int i) { return a.v[i] / b.v[i]; });
}
template <class T>
FASTGD_INLINE IVec<T> as_int(Vec<T> a) {
    return __builtin_bit_cast(IVec<T>, a);
}
template <class T>
FASTGD_INLINE Vec<T> as_float(IVec<T> a) {
    return __builtin_bit_cast(Vec<T>, a);
}
// By their bits: the sign of NaN is flipped and cleared like any other.
template <class T>
FASTGD_INLINE Vec<T> neg(Vec<T> a) {
    const LaneBits<T> sign = __builtin_bit_cast(LaneBits<T>, T(-0.0));
    const IVec<T> bits = as_int(a);
    return as_float(each_int<T>([&](int i) { return bits.v[i] ^ sign; }));
}
template <class T>
FASTGD_INLINE Vec<T> abs(Vec<T> a) {
    const LaneBits<T> sign = __builtin_bit_cast(LaneBits<T>, T(-0.0));
    const IVec<T> bits = as_int(a);
    return as_float(each_int<T>([&](int i) { return bits.v[i] & ~sign; }));
}
template <class T>
FASTGD_INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) {
    Vec<T> r;
#ifndef __FP_FAST_FMA
    // Sixteen calls in a row would make these units several times larger, and no faster.
#pragma GCC unroll 1
#endif
    for (int i = 0; i < kLanes<T>; ++i) r.v[i] = scalar_fma(a.v[i], b.v[i], c.v[i]);
    return r;
}
template <class T>
FASTGD_INLINE Vec<T> fnma(Vec<T> a, Vec<T> b, Vec<T> c) {
    return fma(neg(a), b, c);
}
template <class T>
FASTGD_INLINE Vec<T> sqrt(Vec<T> a) {
    return each_lane<T>([&](int i) { return scalar_sqrt(a.v[i]); });
}
template <class T>
FASTGD_INLINE Vec<T> round_even(Vec<T> a) {
    return each_lane<T>([&](int i) { return scalar_round(a.v[i]); });
}

template <class T>
FASTGD_INLINE Mask<T> lt(Vec<T> a, Vec<T> b) {
    return each_truth<T>([&](int i) { return a.v[i] < b.v[i]; });
}
template <class T>
FASTGD_INLINE Mask<T> le(Vec<T> a, Vec<T> b) {
    return each_truth<T>([&](int i) { return a.v[i] <= b.v[i]; });
}
template <class T>
FASTGD_INLINE Mask<T> eq(Vec<T> a, Vec<T> b) {
    return each_truth<T>([&](int i) { return a.v[i] == b.v[i]; });
}
template <class T>
FASTGD_INLINE Mask<T> operator&(Mask<T> a, Mask<T> b) {
    return each_truth<T>([&](int i) { return (a.m[i] & b.m[i]) != 0; });
}
template <class T>
FASTGD_INLINE Mask<T> operator|(Mask<T> a, Mask<T> b) {
    return each_truth<T>([&](int i) { return (a.m[i] | b.m[i]) != 0; });
}
template <class T>
FASTGD_INLINE Mask<T> operator!(Mask<T> a) {
    return each_truth<T>([&](int i) { return a.m[i] == 0; });
}
template <class T>
FASTGD_INLINE bool any(Mask<T> a) {
    LaneBits<T> found = 0;
    for (int i = 0; i < kLanes<T>; ++i) found |= a.m[i];
    return found != 0;
}
template <class T>
FASTGD_INLINE bool all(Mask<T> a) {
    return !any(!a);
}
template <class T>
FASTGD_INLINE Vec<T> select(Mask<T> m, Vec<T> a, Vec<T> b) {
    return each_lane<T>([&](int i) { return m.m[i] != 0 ? a.v[i] : b.v[i]; });
}
template <class T>
FASTGD_INLINE Vec<T> max(Vec<T> a, Vec<T> b) {
    return select(lt(b, a), a, b);
}
template <class T>
FASTGD_INLINE Vec<T> min(Vec<T> a, Vec<T> b) {
    return select(lt(a, b), a, b);
}

template <class T>
FASTGD_INLINE IVec<T> operator+(IVec<T> a, IVec<T> b) {
    return each_int<T>([&](int i) { return a.v[i] + b.v[i]; });
}
template <class T>
FASTGD_INLINE IVec<T> operator-(IVec<T> a, IVec<T> b) {
    return each_int<T>([&](int i) { return a.v[i] - b.v[i]; });
}
template <class T>
FASTGD_INLINE IVec<T> operator&(IVec<T> a, IVec<T> b) {
    return each_int<T>([&](int i) { return a.v[i] & b.v[i]; });
}
template <class T>
FASTGD_INLINE IVec<T> operator|(IVec<T> a, IVec<T> b) {
    return each_int<T>([&](int i) { return a.v[i] | b.v[i]; });
}
template <int N, class T>
FASTGD_INLINE IVec<T> shift_left(IVec<T> a) {
    return each_int<T>([&](int i) { return a.v[i] << N; });
}
template <int N, class T>
FASTGD_INLINE IVec<T> shift_right(IVec<T> a) {
    return each_int<T>([&](int i) { return a.v[i] >> N; });
}
template <class T>
FASTGD_INLINE IVec<T> to_int(Vec<T> a) {
    return each_int<T>([&](int i) { return static_cast<LaneBits<T>>(static_cast<LaneInt<T>>(a.v[i])); });
}
template <class T>
FASTGD_INLINE Vec<T> to_float(IVec<T> a) {
    return each_lane<T>([&](int i) { return static_cast<T>(static_cast<LaneInt<T>>(a.v[i])); });
}
template <class T>
FASTGD_INLINE T first_lane(Vec<T> a) {
    return a.v[0];
}

template <class T>
FASTGD_INLINE T reduce_add(Vec<T> a) {
    for (int half = kLanes<T> / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; ++i) a.v[i] = a.v[i] + a.v[i + half];
    }
    return a.v[0];
}
template <class T>
FASTGD_INLINE void reduce_add4(Vec<T> a, Vec<T> b, Vec<T> c, Vec<T> d, T* out) {
    out[0] = reduce_add(a);
    out[1] = reduce_add(b);
    out[2] = reduce_add(c);
    out[3] = reduce_add(d);
}

FASTGD_INLINE float widen_f16(std::uint16_t h) {
    const std::uint32_t magnitude = static_cast<std::uint32_t>(h & 0x7FFF) << 13;
    // The product moves the exponent's bias and is exact, for subnormal numbers too.
    const float finite = __builtin_bit_cast(float, magnitude) * 0x1p112F;
    const bool is_nan = (h & 0x7FFF) > 0x7C00;
    const std::uint32_t special = magnitude | 0x7F800000 | (is_nan ? 0x00400000 : 0);
    const std::uint32_t bits = (h & 0x7C00) == 0x7C00 ? special : __builtin_bit_cast(std::uint32_t, finite);
    return __builtin_bit_cast(float, bits | static_cast<std::uint32_t>(h & 0x8000) << 16);
}
FASTGD_INLINE float widen_bf16(std::uint16_t h) {
    return __builtin_bit_cast(float, static_cast<std::uint32_t>(h) << 16);
}

template <class E>
FASTGD_INLINE E element(const void* p, int i) {
    E e;
    __builtin_memcpy(&e, static_cast<const unsigned char*>(p) + static_cast<std::ptrdiff_t>(sizeof(E)) * i, sizeof e);
    return e;
}
template <class T, class E, class F>
FASTGD_INLINE Vec<T> load_widened(const void* p, int n, F widen) {
    Vec<T> r = zero<T>();
    for (int i = 0; i < n; ++i) r.v[i] = widen(element<E>(p, i));
    return r;
}

FASTGD_INLINE Vec<float> load_f32_partial(const void* p, int n) {
    return load_widened<float, float>(p, n, [](float x) { return x; });
}
FASTGD_INLINE Vec<double> load_f64_partial(const void* p, int n) {
    return load_widened<double, double>(p, n, [](double x) { return x; });
}
FASTGD_INLINE Vec<float> load_f16_partial(const void* p, int n) {
    return load_widened<float, std::uint16_t>(p, n, [](std::uint16_t h) { return widen_f16(h); });
}
FASTGD_INLINE Vec<float> load_bf16_partial(const void* p, int n) {
    return load_widened<float, std::uint16_t>(p, n, [](std::uint16_t h) { return widen_bf16(h); });
}
FASTGD_INLINE Vec<float> load_u8_partial(const void* p, int n) {
    return load_widened<float, std::uint8_t>(p, n, [](std::uint8_t b) { return static_cast<float>(b); });
}
FASTGD_INLINE Vec<float> load_i8_partial(const void* p, int n) {
    return load_widened<float, std::int8_t>(p, n, [](std::int8_t b) { return static_cast<float>(b); });
}
FASTGD_INLINE Vec<float> load_f32(const void* p) { return load_f32_partial(p, 16); }
FASTGD_INLINE Vec<double> load_f64(const void* p) { return load_f64_partial(p, 8); }
FASTGD_INLINE Vec<float> load_f16(const void* p) { return load_f16_partial(p, 16); }
FASTGD_INLINE Vec<float> load_bf16(const void* p) { return load_bf16_partial(p, 16); }
FASTGD_INLINE Vec<float> load_u8(const void* p) { return load_u8_partial(p, 16); }
FASTGD_INLINE Vec<float> load_i8(const void* p) { return load_i8_partial(p, 16); }

}  // namespace
}  // namespace fastgd

#include "simd/power_of_two.hpp"
