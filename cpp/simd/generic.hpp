#pragma once

// Any processor, by the short vectors that GCC and Clang have for all of them. Slow where a fused multiply-add is a
// library call, but the bits are the same.

#include "simd/vec.hpp"

namespace fastgd {
namespace {

constexpr const char* kIsaName = "generic";
constexpr int kRegisters = 4;

// A quarter of a vector is as long as a register of old processors. Integers are unsigned, because lanes wrap around.
template <class T>
struct Quarters;
template <>
struct Quarters<float> {
    typedef float Numbers __attribute__((vector_size(16)));
    typedef std::uint32_t Bits __attribute__((vector_size(16)));
    typedef std::int32_t Integers __attribute__((vector_size(16)));
};
template <>
struct Quarters<double> {
    typedef double Numbers __attribute__((vector_size(16)));
    typedef std::uint64_t Bits __attribute__((vector_size(16)));
    typedef std::int64_t Integers __attribute__((vector_size(16)));
};
template <class T>
using Numbers = typename Quarters<T>::Numbers;
template <class T>
using Bits = typename Quarters<T>::Bits;
template <class T>
using Integers = typename Quarters<T>::Integers;

template <class T>
struct Vec {
    Numbers<T> v0, v1, v2, v3;
};
// All bits of a lane, or none.
template <class T>
struct Mask {
    Bits<T> v0, v1, v2, v3;
};
template <class T>
struct IVec {
    Bits<T> v0, v1, v2, v3;
};

template <class T>
FASTGD_INLINE Vec<T> set1(T x) {
    Numbers<T> v;
    for (int i = 0; i < kLanes<T> / 4; ++i) v[i] = x;
    return {v, v, v, v};
}
template <class T>
FASTGD_INLINE Vec<T> zero() {
    return set1<T>(T(0));
}
template <class T>
FASTGD_INLINE IVec<T> as_int(Vec<T> a) {
    return __builtin_bit_cast(IVec<T>, a);
}
template <class T>
FASTGD_INLINE Vec<T> as_float(IVec<T> a) {
    return __builtin_bit_cast(Vec<T>, a);
}
template <class T>
FASTGD_INLINE IVec<T> iset1(LaneInt<T> x) {
    return as_int(set1<T>(__builtin_bit_cast(T, x)));
}

template <class T>
FASTGD_INLINE Vec<T> load(const T* p) {
    Vec<T> r;
    __builtin_memcpy(&r, p, sizeof r);
    return r;
}
template <class T>
FASTGD_INLINE Vec<T> load_partial(const T* p, int n) {
    T lanes[kLanes<T>] = {};
    for (int i = 0; i < n; ++i) __builtin_memcpy(&lanes[i], p + i, sizeof(T));
    return load(lanes);
}
template <class T>
FASTGD_INLINE void store(T* p, Vec<T> a) {
    __builtin_memcpy(p, &a, sizeof a);
}
template <class T>
FASTGD_INLINE void store_partial(T* p, Vec<T> a, int n) {
    T lanes[kLanes<T>];
    store(lanes, a);
    for (int i = 0; i < n; ++i) __builtin_memcpy(p + i, &lanes[i], sizeof(T));
}

#define FASTGD_BINARY(OP, V)                                             \
    template <class T>                                                   \
    FASTGD_INLINE V<T> operator OP(V<T> a, V<T> b) {                     \
        return {a.v0 OP b.v0, a.v1 OP b.v1, a.v2 OP b.v2, a.v3 OP b.v3}; \
    }
FASTGD_BINARY(+, Vec)
FASTGD_BINARY(-, Vec)
FASTGD_BINARY(*, Vec)
FASTGD_BINARY(/, Vec)
FASTGD_BINARY(+, IVec)
FASTGD_BINARY(-, IVec)
FASTGD_BINARY(&, IVec)
FASTGD_BINARY(|, IVec)
FASTGD_BINARY(&, Mask)
FASTGD_BINARY(|, Mask)
#undef FASTGD_BINARY

template <int N, class T>
FASTGD_INLINE IVec<T> shift_left(IVec<T> a) {
    return {a.v0 << N, a.v1 << N, a.v2 << N, a.v3 << N};
}
template <int N, class T>
FASTGD_INLINE IVec<T> shift_right(IVec<T> a) {
    return {a.v0 >> N, a.v1 >> N, a.v2 >> N, a.v3 >> N};
}

// Comparisons yield signed integers.
#define FASTGD_COMPARISON(NAME, OP)                                                                \
    template <class T>                                                                             \
    FASTGD_INLINE Mask<T> NAME(Vec<T> a, Vec<T> b) {                                               \
        return {reinterpret_cast<Bits<T>>(a.v0 OP b.v0), reinterpret_cast<Bits<T>>(a.v1 OP b.v1),  \
                reinterpret_cast<Bits<T>>(a.v2 OP b.v2), reinterpret_cast<Bits<T>>(a.v3 OP b.v3)}; \
    }
FASTGD_COMPARISON(lt, <)
FASTGD_COMPARISON(le, <=)
FASTGD_COMPARISON(eq, ==)
#undef FASTGD_COMPARISON

template <class T>
FASTGD_INLINE Mask<T> operator!(Mask<T> a) {
    return {~a.v0, ~a.v1, ~a.v2, ~a.v3};
}
template <class T>
FASTGD_INLINE bool any(Mask<T> a) {
    const Bits<T> found = a.v0 | a.v1 | a.v2 | a.v3;
    LaneInt<T> bits = 0;
    for (int i = 0; i < kLanes<T> / 4; ++i) bits |= static_cast<LaneInt<T>>(found[i]);
    return bits != 0;
}
template <class T>
FASTGD_INLINE bool all(Mask<T> a) {
    return !any(!a);
}
template <class T>
FASTGD_INLINE Mask<T> first_n(int n) {
    T lanes[kLanes<T>];
    for (int i = 0; i < kLanes<T>; ++i) lanes[i] = static_cast<T>(i);
    return lt(load(lanes), set1<T>(static_cast<T>(n)));
}
template <class T>
FASTGD_INLINE Vec<T> select(Mask<T> m, Vec<T> a, Vec<T> b) {
    const IVec<T> yes{m.v0, m.v1, m.v2, m.v3};
    const IVec<T> no{~m.v0, ~m.v1, ~m.v2, ~m.v3};
    return as_float((as_int(a) & yes) | (as_int(b) & no));
}
template <class T>
FASTGD_INLINE Vec<T> max(Vec<T> a, Vec<T> b) {
    return select(lt(b, a), a, b);
}
template <class T>
FASTGD_INLINE Vec<T> min(Vec<T> a, Vec<T> b) {
    return select(lt(a, b), a, b);
}

// By their bits: the sign of NaN is flipped and cleared like any other.
template <class T>
FASTGD_INLINE IVec<T> sign_of(Vec<T> a) {
    return as_int(a) & as_int(set1<T>(T(-0.0)));
}
template <class T>
FASTGD_INLINE Vec<T> abs(Vec<T> a) {
    return as_float(as_int(a) - sign_of(a));
}
template <class T>
FASTGD_INLINE Vec<T> neg(Vec<T> a) {
    return as_float(as_int(a) + as_int(set1<T>(T(-0.0))));
}

template <class T>
FASTGD_INLINE Vec<T> round_even(Vec<T> a) {
    // Numbers as large as this have no fraction; a sum with it has none either.
    const Vec<T> large = set1<T>(sizeof(T) == 4 ? T(0x1p23) : T(0x1p52));
    const Vec<T> shift = as_float(as_int(large) | sign_of(a));
    const Vec<T> rounded = as_float(as_int((a + shift) - shift) | sign_of(a));
    return select(lt(abs(a), large), rounded, a);
}

FASTGD_INLINE float scalar_sqrt(float a) { return __builtin_sqrtf(a); }
FASTGD_INLINE double scalar_sqrt(double a) { return __builtin_sqrt(a); }
template <class T>
FASTGD_INLINE Vec<T> sqrt(Vec<T> a) {
    T x[kLanes<T>];
    store(x, a);
    for (int i = 0; i < kLanes<T>; ++i) x[i] = scalar_sqrt(x[i]);
    return load(x);
}
#ifndef __FP_FAST_FMA
// Sixteen library calls at every place would make these units several times larger, and no faster.
#define FASTGD_FMA __attribute__((noinline))
#else
#define FASTGD_FMA FASTGD_INLINE
#endif
template <class T>
FASTGD_FMA Vec<T> fma(const Vec<T>& a, const Vec<T>& b, const Vec<T>& c) {
    T x[kLanes<T>], y[kLanes<T>], z[kLanes<T>];
    store(x, a);
    store(y, b);
    store(z, c);
    for (int i = 0; i < kLanes<T>; ++i) z[i] = scalar_fma(x[i], y[i], z[i]);
    return load(z);
}
#undef FASTGD_FMA
template <class T>
FASTGD_INLINE Vec<T> fnma(Vec<T> a, Vec<T> b, Vec<T> c) {
    return fma(neg(a), b, c);
}

// Through signed integers, which is what processors convert.
template <class T>
FASTGD_INLINE Bits<T> to_bits(Numbers<T> a) {
    return reinterpret_cast<Bits<T>>(__builtin_convertvector(a, Integers<T>));
}
template <class T>
FASTGD_INLINE Numbers<T> to_numbers(Bits<T> a) {
    return __builtin_convertvector(reinterpret_cast<Integers<T>>(a), Numbers<T>);
}
template <class T>
FASTGD_INLINE IVec<T> to_int(Vec<T> a) {
    return {to_bits<T>(a.v0), to_bits<T>(a.v1), to_bits<T>(a.v2), to_bits<T>(a.v3)};
}
template <class T>
FASTGD_INLINE Vec<T> to_float(IVec<T> a) {
    return {to_numbers<T>(a.v0), to_numbers<T>(a.v1), to_numbers<T>(a.v2), to_numbers<T>(a.v3)};
}
template <class T>
FASTGD_INLINE T first_lane(Vec<T> a) {
    return a.v0[0];
}

template <class T>
FASTGD_INLINE T reduce_add(Vec<T> a) {
    const Numbers<T> quarter = (a.v0 + a.v2) + (a.v1 + a.v3);
    if constexpr (kLanes<T> == 8) {
        return quarter[0] + quarter[1];
    } else {
        return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
    }
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
    T lanes[kLanes<T>] = {};
    for (int i = 0; i < n; ++i) lanes[i] = widen(element<E>(p, i));
    return load(lanes);
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
