#pragma once

// AVX2 with FMA and F16C: two registers a vector.

#include <immintrin.h>

#include "simd/vec.hpp"

namespace fastgd {
namespace {

constexpr const char* kIsaName = "avx2";
constexpr int kRegisters = 8;

template <>
struct Vec<float> {
    __m256 lo, hi;
};
template <>
struct Vec<double> {
    __m256d lo, hi;
};
template <>
struct Mask<float> {
    __m256 lo, hi;
};
template <>
struct Mask<double> {
    __m256d lo, hi;
};
template <>
struct IVec<float> {
    __m256i lo, hi;
};
template <>
struct IVec<double> {
    __m256i lo, hi;
};

template <class T>
FASTGD_INLINE Vec<T> set1(T x) {
    if constexpr (sizeof(T) == 4) {
        return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
    } else {
        return {_mm256_set1_pd(x), _mm256_set1_pd(x)};
    }
}
template <class T>
FASTGD_INLINE Vec<T> zero() {
    return set1<T>(T(0));
}
template <class T>
FASTGD_INLINE IVec<T> iset1(LaneInt<T> x) {
    if constexpr (sizeof(T) == 4) {
        return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)};
    } else {
        return {_mm256_set1_epi64x(x), _mm256_set1_epi64x(x)};
    }
}
template <class T>
FASTGD_INLINE Mask<T> first_n(int n) {
    if constexpr (sizeof(T) == 4) {
        const __m256i count = _mm256_set1_epi32(n);
        return {_mm256_castsi256_ps(_mm256_cmpgt_epi32(count, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))),
                _mm256_castsi256_ps(_mm256_cmpgt_epi32(count, _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15)))};
    } else {
        const __m256i count = _mm256_set1_epi64x(n);
        return {_mm256_castsi256_pd(_mm256_cmpgt_epi64(count, _mm256_setr_epi64x(0, 1, 2, 3))),
                _mm256_castsi256_pd(_mm256_cmpgt_epi64(count, _mm256_setr_epi64x(4, 5, 6, 7)))};
    }
}

FASTGD_INLINE Vec<float> load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
FASTGD_INLINE Vec<double> load(const double* p) { return {_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)}; }
FASTGD_INLINE void store(float* p, Vec<float> a) {
    _mm256_storeu_ps(p, a.lo);
    _mm256_storeu_ps(p + 8, a.hi);
}
FASTGD_INLINE void store(double* p, Vec<double> a) {
    _mm256_storeu_pd(p, a.lo);
    _mm256_storeu_pd(p + 4, a.hi);
}
FASTGD_INLINE Vec<float> load_partial(const float* p, int n) {
    const Mask<float> m = first_n<float>(n);
    return {_mm256_maskload_ps(p, _mm256_castps_si256(m.lo)), _mm256_maskload_ps(p + 8, _mm256_castps_si256(m.hi))};
}
FASTGD_INLINE Vec<double> load_partial(const double* p, int n) {
    const Mask<double> m = first_n<double>(n);
    return {_mm256_maskload_pd(p, _mm256_castpd_si256(m.lo)), _mm256_maskload_pd(p + 4, _mm256_castpd_si256(m.hi))};
}
// Masked stores are microcoded on some processors, hence the plain one for a full vector.
FASTGD_INLINE void store_partial(float* p, Vec<float> a, int n) {
    if (n == 16) return store(p, a);
    const Mask<float> m = first_n<float>(n);
    _mm256_maskstore_ps(p, _mm256_castps_si256(m.lo), a.lo);
    _mm256_maskstore_ps(p + 8, _mm256_castps_si256(m.hi), a.hi);
}
FASTGD_INLINE void store_partial(double* p, Vec<double> a, int n) {
    if (n == 8) return store(p, a);
    const Mask<double> m = first_n<double>(n);
    _mm256_maskstore_pd(p, _mm256_castpd_si256(m.lo), a.lo);
    _mm256_maskstore_pd(p + 4, _mm256_castpd_si256(m.hi), a.hi);
}

FASTGD_INLINE Vec<float> operator+(Vec<float> a, Vec<float> b) {
    return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
FASTGD_INLINE Vec<float> operator-(Vec<float> a, Vec<float> b) {
    return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
FASTGD_INLINE Vec<float> operator*(Vec<float> a, Vec<float> b) {
    return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
FASTGD_INLINE Vec<float> operator/(Vec<float> a, Vec<float> b) {
    return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}
FASTGD_INLINE Vec<double> operator+(Vec<double> a, Vec<double> b) {
    return {_mm256_add_pd(a.lo, b.lo), _mm256_add_pd(a.hi, b.hi)};
}
FASTGD_INLINE Vec<double> operator-(Vec<double> a, Vec<double> b) {
    return {_mm256_sub_pd(a.lo, b.lo), _mm256_sub_pd(a.hi, b.hi)};
}
FASTGD_INLINE Vec<double> operator*(Vec<double> a, Vec<double> b) {
    return {_mm256_mul_pd(a.lo, b.lo), _mm256_mul_pd(a.hi, b.hi)};
}
FASTGD_INLINE Vec<double> operator/(Vec<double> a, Vec<double> b) {
    return {_mm256_div_pd(a.lo, b.lo), _mm256_div_pd(a.hi, b.hi)};
}
FASTGD_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) {
    return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
FASTGD_INLINE Vec<float> fnma(Vec<float> a, Vec<float> b, Vec<float> c) {
    return {_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi)};
}
FASTGD_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
    return {_mm256_fmadd_pd(a.lo, b.lo, c.lo), _mm256_fmadd_pd(a.hi, b.hi, c.hi)};
}
FASTGD_INLINE Vec<double> fnma(Vec<double> a, Vec<double> b, Vec<double> c) {
    return {_mm256_fnmadd_pd(a.lo, b.lo, c.lo), _mm256_fnmadd_pd(a.hi, b.hi, c.hi)};
}
FASTGD_INLINE Vec<float> neg(Vec<float> a) {
    const __m256 sign = _mm256_set1_ps(-0.0F);
    return {_mm256_xor_ps(a.lo, sign), _mm256_xor_ps(a.hi, sign)};
}
FASTGD_INLINE Vec<double> neg(Vec<double> a) {
    const __m256d sign = _mm256_set1_pd(-0.0);
    return {_mm256_xor_pd(a.lo, sign), _mm256_xor_pd(a.hi, sign)};
}
FASTGD_INLINE Vec<float> abs(Vec<float> a) {
    const __m256 sign = _mm256_set1_ps(-0.0F);
    return {_mm256_andnot_ps(sign, a.lo), _mm256_andnot_ps(sign, a.hi)};
}
FASTGD_INLINE Vec<double> abs(Vec<double> a) {
    const __m256d sign = _mm256_set1_pd(-0.0);
    return {_mm256_andnot_pd(sign, a.lo), _mm256_andnot_pd(sign, a.hi)};
}
FASTGD_INLINE Vec<float> sqrt(Vec<float> a) { return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)}; }
FASTGD_INLINE Vec<double> sqrt(Vec<double> a) { return {_mm256_sqrt_pd(a.lo), _mm256_sqrt_pd(a.hi)}; }
FASTGD_INLINE Vec<float> round_even(Vec<float> a) {
    constexpr int mode = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return {_mm256_round_ps(a.lo, mode), _mm256_round_ps(a.hi, mode)};
}
FASTGD_INLINE Vec<double> round_even(Vec<double> a) {
    constexpr int mode = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return {_mm256_round_pd(a.lo, mode), _mm256_round_pd(a.hi, mode)};
}

FASTGD_INLINE Mask<float> lt(Vec<float> a, Vec<float> b) {
    return {_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ)};
}
FASTGD_INLINE Mask<float> le(Vec<float> a, Vec<float> b) {
    return {_mm256_cmp_ps(a.lo, b.lo, _CMP_LE_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_LE_OQ)};
}
FASTGD_INLINE Mask<float> eq(Vec<float> a, Vec<float> b) {
    return {_mm256_cmp_ps(a.lo, b.lo, _CMP_EQ_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_EQ_OQ)};
}
FASTGD_INLINE Mask<double> lt(Vec<double> a, Vec<double> b) {
    return {_mm256_cmp_pd(a.lo, b.lo, _CMP_LT_OQ), _mm256_cmp_pd(a.hi, b.hi, _CMP_LT_OQ)};
}
FASTGD_INLINE Mask<double> le(Vec<double> a, Vec<double> b) {
    return {_mm256_cmp_pd(a.lo, b.lo, _CMP_LE_OQ), _mm256_cmp_pd(a.hi, b.hi, _CMP_LE_OQ)};
}
FASTGD_INLINE Mask<double> eq(Vec<double> a, Vec<double> b) {
    return {_mm256_cmp_pd(a.lo, b.lo, _CMP_EQ_OQ), _mm256_cmp_pd(a.hi, b.hi, _CMP_EQ_OQ)};
}
FASTGD_INLINE Mask<float> operator&(Mask<float> a, Mask<float> b) {
    return {_mm256_and_ps(a.lo, b.lo), _mm256_and_ps(a.hi, b.hi)};
}
FASTGD_INLINE Mask<float> operator|(Mask<float> a, Mask<float> b) {
    return {_mm256_or_ps(a.lo, b.lo), _mm256_or_ps(a.hi, b.hi)};
}
FASTGD_INLINE Mask<float> operator!(Mask<float> a) {
    const __m256 ones = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    return {_mm256_xor_ps(a.lo, ones), _mm256_xor_ps(a.hi, ones)};
}
FASTGD_INLINE Mask<double> operator&(Mask<double> a, Mask<double> b) {
    return {_mm256_and_pd(a.lo, b.lo), _mm256_and_pd(a.hi, b.hi)};
}
FASTGD_INLINE Mask<double> operator|(Mask<double> a, Mask<double> b) {
    return {_mm256_or_pd(a.lo, b.lo), _mm256_or_pd(a.hi, b.hi)};
}
FASTGD_INLINE Mask<double> operator!(Mask<double> a) {
    const __m256d ones = _mm256_castsi256_pd(_mm256_set1_epi32(-1));
    return {_mm256_xor_pd(a.lo, ones), _mm256_xor_pd(a.hi, ones)};
}
FASTGD_INLINE bool any(Mask<float> a) { return _mm256_movemask_ps(_mm256_or_ps(a.lo, a.hi)) != 0; }
FASTGD_INLINE bool any(Mask<double> a) { return _mm256_movemask_pd(_mm256_or_pd(a.lo, a.hi)) != 0; }
FASTGD_INLINE bool all(Mask<float> a) { return _mm256_movemask_ps(_mm256_and_ps(a.lo, a.hi)) == 0xFF; }
FASTGD_INLINE bool all(Mask<double> a) { return _mm256_movemask_pd(_mm256_and_pd(a.lo, a.hi)) == 0xF; }
FASTGD_INLINE Vec<float> select(Mask<float> m, Vec<float> a, Vec<float> b) {
    return {_mm256_blendv_ps(b.lo, a.lo, m.lo), _mm256_blendv_ps(b.hi, a.hi, m.hi)};
}
FASTGD_INLINE Vec<double> select(Mask<double> m, Vec<double> a, Vec<double> b) {
    return {_mm256_blendv_pd(b.lo, a.lo, m.lo), _mm256_blendv_pd(b.hi, a.hi, m.hi)};
}
// The instructions are exactly a > b ? a : b and a < b ? a : b, NaN and signed zeros included.
FASTGD_INLINE Vec<float> max(Vec<float> a, Vec<float> b) {
    return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
}
FASTGD_INLINE Vec<float> min(Vec<float> a, Vec<float> b) {
    return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
}
FASTGD_INLINE Vec<double> max(Vec<double> a, Vec<double> b) {
    return {_mm256_max_pd(a.lo, b.lo), _mm256_max_pd(a.hi, b.hi)};
}
FASTGD_INLINE Vec<double> min(Vec<double> a, Vec<double> b) {
    return {_mm256_min_pd(a.lo, b.lo), _mm256_min_pd(a.hi, b.hi)};
}

FASTGD_INLINE IVec<float> as_int(Vec<float> a) { return {_mm256_castps_si256(a.lo), _mm256_castps_si256(a.hi)}; }
FASTGD_INLINE IVec<double> as_int(Vec<double> a) { return {_mm256_castpd_si256(a.lo), _mm256_castpd_si256(a.hi)}; }
FASTGD_INLINE Vec<float> as_float(IVec<float> a) { return {_mm256_castsi256_ps(a.lo), _mm256_castsi256_ps(a.hi)}; }
FASTGD_INLINE Vec<double> as_float(IVec<double> a) { return {_mm256_castsi256_pd(a.lo), _mm256_castsi256_pd(a.hi)}; }
FASTGD_INLINE IVec<float> operator+(IVec<float> a, IVec<float> b) {
    return {_mm256_add_epi32(a.lo, b.lo), _mm256_add_epi32(a.hi, b.hi)};
}
FASTGD_INLINE IVec<float> operator-(IVec<float> a, IVec<float> b) {
    return {_mm256_sub_epi32(a.lo, b.lo), _mm256_sub_epi32(a.hi, b.hi)};
}
FASTGD_INLINE IVec<double> operator+(IVec<double> a, IVec<double> b) {
    return {_mm256_add_epi64(a.lo, b.lo), _mm256_add_epi64(a.hi, b.hi)};
}
FASTGD_INLINE IVec<double> operator-(IVec<double> a, IVec<double> b) {
    return {_mm256_sub_epi64(a.lo, b.lo), _mm256_sub_epi64(a.hi, b.hi)};
}
template <class T>
FASTGD_INLINE IVec<T> operator&(IVec<T> a, IVec<T> b) {
    return {_mm256_and_si256(a.lo, b.lo), _mm256_and_si256(a.hi, b.hi)};
}
template <class T>
FASTGD_INLINE IVec<T> operator|(IVec<T> a, IVec<T> b) {
    return {_mm256_or_si256(a.lo, b.lo), _mm256_or_si256(a.hi, b.hi)};
}
template <int N>
FASTGD_INLINE IVec<float> shift_left(IVec<float> a) {
    return {_mm256_slli_epi32(a.lo, N), _mm256_slli_epi32(a.hi, N)};
}
template <int N>
FASTGD_INLINE IVec<double> shift_left(IVec<double> a) {
    return {_mm256_slli_epi64(a.lo, N), _mm256_slli_epi64(a.hi, N)};
}
template <int N>
FASTGD_INLINE IVec<float> shift_right(IVec<float> a) {
    return {_mm256_srli_epi32(a.lo, N), _mm256_srli_epi32(a.hi, N)};
}
template <int N>
FASTGD_INLINE IVec<double> shift_right(IVec<double> a) {
    return {_mm256_srli_epi64(a.lo, N), _mm256_srli_epi64(a.hi, N)};
}
FASTGD_INLINE IVec<float> to_int(Vec<float> a) { return {_mm256_cvtps_epi32(a.lo), _mm256_cvtps_epi32(a.hi)}; }
FASTGD_INLINE Vec<float> to_float(IVec<float> a) { return {_mm256_cvtepi32_ps(a.lo), _mm256_cvtepi32_ps(a.hi)}; }
// 64-bit integers have no conversions here: 1.5 * 2^52 + a holds a in its low bits.
FASTGD_INLINE IVec<double> to_int(Vec<double> a) {
    const Vec<double> shift = set1(0x1.8p52);
    return as_int(a + shift) - as_int(shift);
}
FASTGD_INLINE Vec<double> to_float(IVec<double> a) {
    const Vec<double> shift = set1(0x1.8p52);
    return as_float(a + as_int(shift)) - shift;
}
FASTGD_INLINE float first_lane(Vec<float> a) { return _mm256_cvtss_f32(a.lo); }
FASTGD_INLINE double first_lane(Vec<double> a) { return _mm256_cvtsd_f64(a.lo); }

FASTGD_INLINE float reduce_add(Vec<float> a) {
    const __m256 h8 = _mm256_add_ps(a.lo, a.hi);
    const __m128 h4 = _mm_add_ps(_mm256_castps256_ps128(h8), _mm256_extractf128_ps(h8, 1));
    const __m128 h2 = _mm_add_ps(h4, _mm_movehl_ps(h4, h4));
    return _mm_cvtss_f32(_mm_add_ss(h2, _mm_movehdup_ps(h2)));
}
FASTGD_INLINE double reduce_add(Vec<double> a) {
    const __m256d h4 = _mm256_add_pd(a.lo, a.hi);
    const __m128d h2 = _mm_add_pd(_mm256_castpd256_pd128(h4), _mm256_extractf128_pd(h4, 1));
    return _mm_cvtsd_f64(_mm_add_sd(h2, _mm_unpackhi_pd(h2, h2)));
}

// [a b], halves of 128 bits: each is the sum of its vector's two halves.
FASTGD_INLINE __m256 add_halves(__m256 a, __m256 b) {
    return _mm256_add_ps(_mm256_blend_ps(a, b, 0xF0), _mm256_permute2f128_ps(a, b, 0x21));
}
FASTGD_INLINE __m256d add_halves(__m256d a, __m256d b) {
    return _mm256_add_pd(_mm256_blend_pd(a, b, 0xC), _mm256_permute2f128_pd(a, b, 0x21));
}

// Two vectors share each addition: [a b] + [b a] swapped costs one blend and one shuffle a pair, and additions commute,
// so every sum has reduce_add's bits.
FASTGD_INLINE void reduce_add4(Vec<float> a, Vec<float> b, Vec<float> c, Vec<float> d, float* out) {
    const __m256 ac = add_halves(_mm256_add_ps(a.lo, a.hi), _mm256_add_ps(c.lo, c.hi));
    const __m256 bd = add_halves(_mm256_add_ps(b.lo, b.hi), _mm256_add_ps(d.lo, d.hi));
    const __m256 h2 = _mm256_add_ps(_mm256_blend_ps(ac, bd, 0xCC), _mm256_shuffle_ps(ac, bd, 0x4E));
    const __m128 ab = _mm256_castps256_ps128(h2);
    const __m128 cd = _mm256_extractf128_ps(h2, 1);
    _mm_storeu_ps(out, _mm_add_ps(_mm_shuffle_ps(ab, cd, 0x88), _mm_shuffle_ps(ab, cd, 0xDD)));
}
FASTGD_INLINE void reduce_add4(Vec<double> a, Vec<double> b, Vec<double> c, Vec<double> d, double* out) {
    const __m256d ac = add_halves(_mm256_add_pd(a.lo, a.hi), _mm256_add_pd(c.lo, c.hi));
    const __m256d bd = add_halves(_mm256_add_pd(b.lo, b.hi), _mm256_add_pd(d.lo, d.hi));
    _mm256_storeu_pd(out, _mm256_add_pd(_mm256_blend_pd(ac, bd, 0xA), _mm256_shuffle_pd(ac, bd, 0x5)));
}

FASTGD_INLINE __m128i load_16_bytes(const void* p, int offset = 0) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(static_cast<const unsigned char*>(p) + offset));
}
// n of 32 bytes, from byte `offset` on
FASTGD_INLINE __m128i load_16_bytes_partial(const void* p, int offset, int n) {
    const Bytes16 b = load_bytes(static_cast<const unsigned char*>(p) + offset, n - offset);
    return _mm_set_epi64x(static_cast<long long>(b.high), static_cast<long long>(b.low));
}
FASTGD_INLINE Vec<float> widen_f16(__m128i lo, __m128i hi) { return {_mm256_cvtph_ps(lo), _mm256_cvtph_ps(hi)}; }
FASTGD_INLINE __m256 widen_bf16(__m128i h) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16));
}
FASTGD_INLINE Vec<float> widen_u8(__m128i b) {
    return {_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(b)),
            _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(b, 8)))};
}
FASTGD_INLINE Vec<float> widen_i8(__m128i b) {
    return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(b)),
            _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(b, 8)))};
}

FASTGD_INLINE Vec<float> load_f32(const void* p) { return load(static_cast<const float*>(p)); }
FASTGD_INLINE Vec<double> load_f64(const void* p) { return load(static_cast<const double*>(p)); }
FASTGD_INLINE Vec<float> load_f16(const void* p) { return widen_f16(load_16_bytes(p), load_16_bytes(p, 16)); }
FASTGD_INLINE Vec<float> load_bf16(const void* p) {
    return {widen_bf16(load_16_bytes(p)), widen_bf16(load_16_bytes(p, 16))};
}
FASTGD_INLINE Vec<float> load_u8(const void* p) { return widen_u8(load_16_bytes(p)); }
FASTGD_INLINE Vec<float> load_i8(const void* p) { return widen_i8(load_16_bytes(p)); }
FASTGD_INLINE Vec<float> load_f32_partial(const void* p, int n) {
    return load_partial(static_cast<const float*>(p), n);
}
FASTGD_INLINE Vec<double> load_f64_partial(const void* p, int n) {
    return load_partial(static_cast<const double*>(p), n);
}
FASTGD_INLINE Vec<float> load_f16_partial(const void* p, int n) {
    return widen_f16(load_16_bytes_partial(p, 0, 2 * n), load_16_bytes_partial(p, 16, 2 * n));
}
FASTGD_INLINE Vec<float> load_bf16_partial(const void* p, int n) {
    return {widen_bf16(load_16_bytes_partial(p, 0, 2 * n)), widen_bf16(load_16_bytes_partial(p, 16, 2 * n))};
}
FASTGD_INLINE Vec<float> load_u8_partial(const void* p, int n) { return widen_u8(load_16_bytes_partial(p, 0, n)); }
FASTGD_INLINE Vec<float> load_i8_partial(const void* p, int n) { return widen_i8(load_16_bytes_partial(p, 0, n)); }

}  // namespace
}  // namespace fastgd

#include "simd/power_of_two.hpp"
