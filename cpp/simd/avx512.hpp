#pragma once

// AVX-512 (F, BW, DQ, VL): one register a vector, masks in mask registers.

#if defined(__clang__)
#include <immintrin.h>
#else
// GCC's own header marks "any value will do" operands by reading an uninitialised variable.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

#include "simd/vec.hpp"

namespace fastgd {
namespace {

constexpr const char* kIsaName = "avx512";
constexpr int kRegisters = 32;

template <>
struct Vec<float> {
    __m512 v;
};
template <>
struct Vec<double> {
    __m512d v;
};
template <>
struct Mask<float> {
    __mmask16 m;
};
template <>
struct Mask<double> {
    __mmask8 m;
};
template <>
struct IVec<float> {
    __m512i v;
};
template <>
struct IVec<double> {
    __m512i v;
};

template <class T>
FASTGD_INLINE Vec<T> set1(T x) {
    if constexpr (sizeof(T) == 4) {
        return {_mm512_set1_ps(x)};
    } else {
        return {_mm512_set1_pd(x)};
    }
}
template <class T>
FASTGD_INLINE Vec<T> zero() {
    return set1<T>(T(0));
}
template <class T>
FASTGD_INLINE IVec<T> iset1(LaneInt<T> x) {
    if constexpr (sizeof(T) == 4) {
        return {_mm512_set1_epi32(x)};
    } else {
        return {_mm512_set1_epi64(x)};
    }
}
template <class T>
FASTGD_INLINE Mask<T> first_n(int n) {
    if constexpr (sizeof(T) == 4) {
        return {static_cast<__mmask16>((1U << n) - 1U)};
    } else {
        return {static_cast<__mmask8>((1U << n) - 1U)};
    }
}

FASTGD_INLINE Vec<float> load(const float* p) { return {_mm512_loadu_ps(p)}; }
FASTGD_INLINE Vec<double> load(const double* p) { return {_mm512_loadu_pd(p)}; }
FASTGD_INLINE Vec<float> load_partial(const float* p, int n) { return {_mm512_maskz_loadu_ps(first_n<float>(n).m, p)}; }
FASTGD_INLINE Vec<double> load_partial(const double* p, int n) {
    return {_mm512_maskz_loadu_pd(first_n<double>(n).m, p)};
}
FASTGD_INLINE void store(float* p, Vec<float> a) { _mm512_storeu_ps(p, a.v); }
FASTGD_INLINE void store(double* p, Vec<double> a) { _mm512_storeu_pd(p, a.v); }
FASTGD_INLINE void store_partial(float* p, Vec<float> a, int n) { _mm512_mask_storeu_ps(p, first_n<float>(n).m, a.v); }
FASTGD_INLINE void store_partial(double* p, Vec<double> a, int n) {
    _mm512_mask_storeu_pd(p, first_n<double>(n).m, a.v);
}

FASTGD_INLINE Vec<float> operator+(Vec<float> a, Vec<float> b) { return {_mm512_add_ps(a.v, b.v)}; }
FASTGD_INLINE Vec<float> operator-(Vec<float> a, Vec<float> b) { return {_mm512_sub_ps(a.v, b.v)}; }
FASTGD_INLINE Vec<float> operator*(Vec<float> a, Vec<float> b) { return {_mm512_mul_ps(a.v, b.v)}; }
FASTGD_INLINE Vec<float> operator/(Vec<float> a, Vec<float> b) { return {_mm512_div_ps(a.v, b.v)}; }
FASTGD_INLINE Vec<double> operator+(Vec<double> a, Vec<double> b) { return {_mm512_add_pd(a.v, b.v)}; }
FASTGD_INLINE Vec<double> operator-(Vec<double> a, Vec<double> b) { return {_mm512_sub_pd(a.v, b.v)}; }
FASTGD_INLINE Vec<double> operator*(Vec<double> a, Vec<double> b) { return {_mm512_mul_pd(a.v, b.v)}; }
FASTGD_INLINE Vec<double> operator/(Vec<double> a, Vec<double> b) { return {_mm512_div_pd(a.v, b.v)}; }
FASTGD_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
FASTGD_INLINE Vec<float> fnma(Vec<float> a, Vec<float> b, Vec<float> c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }
FASTGD_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return {_mm512_fmadd_pd(a.v, b.v, c.v)}; }
FASTGD_INLINE Vec<double> fnma(Vec<double> a, Vec<double> b, Vec<double> c) {
    return {_mm512_fnmadd_pd(a.v, b.v, c.v)};
}
FASTGD_INLINE Vec<float> neg(Vec<float> a) { return {_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0F))}; }
FASTGD_INLINE Vec<double> neg(Vec<double> a) { return {_mm512_xor_pd(a.v, _mm512_set1_pd(-0.0))}; }
FASTGD_INLINE Vec<float> abs(Vec<float> a) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.0F), a.v)}; }
FASTGD_INLINE Vec<double> abs(Vec<double> a) { return {_mm512_andnot_pd(_mm512_set1_pd(-0.0), a.v)}; }
FASTGD_INLINE Vec<float> sqrt(Vec<float> a) { return {_mm512_sqrt_ps(a.v)}; }
FASTGD_INLINE Vec<double> sqrt(Vec<double> a) { return {_mm512_sqrt_pd(a.v)}; }
FASTGD_INLINE Vec<float> round_even(Vec<float> a) {
    return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
FASTGD_INLINE Vec<double> round_even(Vec<double> a) {
    return {_mm512_roundscale_pd(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

FASTGD_INLINE Mask<float> lt(Vec<float> a, Vec<float> b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
FASTGD_INLINE Mask<float> le(Vec<float> a, Vec<float> b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)}; }
FASTGD_INLINE Mask<float> eq(Vec<float> a, Vec<float> b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)}; }
FASTGD_INLINE Mask<double> lt(Vec<double> a, Vec<double> b) { return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_LT_OQ)}; }
FASTGD_INLINE Mask<double> le(Vec<double> a, Vec<double> b) { return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_LE_OQ)}; }
FASTGD_INLINE Mask<double> eq(Vec<double> a, Vec<double> b) { return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_EQ_OQ)}; }
FASTGD_INLINE Mask<float> operator&(Mask<float> a, Mask<float> b) { return {static_cast<__mmask16>(a.m & b.m)}; }
FASTGD_INLINE Mask<float> operator|(Mask<float> a, Mask<float> b) { return {static_cast<__mmask16>(a.m | b.m)}; }
FASTGD_INLINE Mask<float> operator!(Mask<float> a) { return {static_cast<__mmask16>(~a.m)}; }
FASTGD_INLINE Mask<double> operator&(Mask<double> a, Mask<double> b) { return {static_cast<__mmask8>(a.m & b.m)}; }
FASTGD_INLINE Mask<double> operator|(Mask<double> a, Mask<double> b) { return {static_cast<__mmask8>(a.m | b.m)}; }
FASTGD_INLINE Mask<double> operator!(Mask<double> a) { return {static_cast<__mmask8>(~a.m)}; }
FASTGD_INLINE bool any(Mask<float> a) { return a.m != 0; }
FASTGD_INLINE bool any(Mask<double> a) { return a.m != 0; }
FASTGD_INLINE bool all(Mask<float> a) { return a.m == 0xFFFF; }
FASTGD_INLINE bool all(Mask<double> a) { return a.m == 0xFF; }
FASTGD_INLINE Vec<float> select(Mask<float> m, Vec<float> a, Vec<float> b) {
    return {_mm512_mask_blend_ps(m.m, b.v, a.v)};
}
FASTGD_INLINE Vec<double> select(Mask<double> m, Vec<double> a, Vec<double> b) {
    return {_mm512_mask_blend_pd(m.m, b.v, a.v)};
}
// The instructions are exactly a > b ? a : b and a < b ? a : b, NaN and signed zeros included.
FASTGD_INLINE Vec<float> max(Vec<float> a, Vec<float> b) { return {_mm512_max_ps(a.v, b.v)}; }
FASTGD_INLINE Vec<float> min(Vec<float> a, Vec<float> b) { return {_mm512_min_ps(a.v, b.v)}; }
FASTGD_INLINE Vec<double> max(Vec<double> a, Vec<double> b) { return {_mm512_max_pd(a.v, b.v)}; }
FASTGD_INLINE Vec<double> min(Vec<double> a, Vec<double> b) { return {_mm512_min_pd(a.v, b.v)}; }

FASTGD_INLINE IVec<float> as_int(Vec<float> a) { return {_mm512_castps_si512(a.v)}; }
FASTGD_INLINE IVec<double> as_int(Vec<double> a) { return {_mm512_castpd_si512(a.v)}; }
FASTGD_INLINE Vec<float> as_float(IVec<float> a) { return {_mm512_castsi512_ps(a.v)}; }
FASTGD_INLINE Vec<double> as_float(IVec<double> a) { return {_mm512_castsi512_pd(a.v)}; }
FASTGD_INLINE IVec<float> operator+(IVec<float> a, IVec<float> b) { return {_mm512_add_epi32(a.v, b.v)}; }
FASTGD_INLINE IVec<float> operator-(IVec<float> a, IVec<float> b) { return {_mm512_sub_epi32(a.v, b.v)}; }
FASTGD_INLINE IVec<float> operator&(IVec<float> a, IVec<float> b) { return {_mm512_and_si512(a.v, b.v)}; }
FASTGD_INLINE IVec<float> operator|(IVec<float> a, IVec<float> b) { return {_mm512_or_si512(a.v, b.v)}; }
FASTGD_INLINE IVec<double> operator+(IVec<double> a, IVec<double> b) { return {_mm512_add_epi64(a.v, b.v)}; }
FASTGD_INLINE IVec<double> operator-(IVec<double> a, IVec<double> b) { return {_mm512_sub_epi64(a.v, b.v)}; }
FASTGD_INLINE IVec<double> operator&(IVec<double> a, IVec<double> b) { return {_mm512_and_si512(a.v, b.v)}; }
FASTGD_INLINE IVec<double> operator|(IVec<double> a, IVec<double> b) { return {_mm512_or_si512(a.v, b.v)}; }
template <int N>
FASTGD_INLINE IVec<float> shift_left(IVec<float> a) {
    return {_mm512_slli_epi32(a.v, N)};
}
template <int N>
FASTGD_INLINE IVec<double> shift_left(IVec<double> a) {
    return {_mm512_slli_epi64(a.v, N)};
}
template <int N>
FASTGD_INLINE IVec<float> shift_right(IVec<float> a) {
    return {_mm512_srli_epi32(a.v, N)};
}
template <int N>
FASTGD_INLINE IVec<double> shift_right(IVec<double> a) {
    return {_mm512_srli_epi64(a.v, N)};
}
FASTGD_INLINE IVec<float> to_int(Vec<float> a) { return {_mm512_cvtps_epi32(a.v)}; }
FASTGD_INLINE IVec<double> to_int(Vec<double> a) { return {_mm512_cvtpd_epi64(a.v)}; }
FASTGD_INLINE Vec<float> to_float(IVec<float> a) { return {_mm512_cvtepi32_ps(a.v)}; }
FASTGD_INLINE Vec<double> to_float(IVec<double> a) { return {_mm512_cvtepi64_pd(a.v)}; }

// a 2^n, rounded once.
FASTGD_INLINE Vec<float> times_power_of_two(Vec<float> a, Vec<float> n) { return {_mm512_scalef_ps(a.v, n.v)}; }
FASTGD_INLINE Vec<double> times_power_of_two(Vec<double> a, Vec<double> n) { return {_mm512_scalef_pd(a.v, n.v)}; }
FASTGD_INLINE float first_lane(Vec<float> a) { return _mm512_cvtss_f32(a.v); }
FASTGD_INLINE double first_lane(Vec<double> a) { return _mm512_cvtsd_f64(a.v); }

FASTGD_INLINE float reduce_add(Vec<float> a) {
    const __m256 upper = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a.v), 1));
    const __m256 h8 = _mm256_add_ps(_mm512_castps512_ps256(a.v), upper);
    const __m128 h4 = _mm_add_ps(_mm256_castps256_ps128(h8), _mm256_extractf128_ps(h8, 1));
    const __m128 h2 = _mm_add_ps(h4, _mm_movehl_ps(h4, h4));
    return _mm_cvtss_f32(_mm_add_ss(h2, _mm_movehdup_ps(h2)));
}
FASTGD_INLINE double reduce_add(Vec<double> a) {
    const __m256d h4 = _mm256_add_pd(_mm512_castpd512_pd256(a.v), _mm512_extractf64x4_pd(a.v, 1));
    const __m128d h2 = _mm_add_pd(_mm256_castpd256_pd128(h4), _mm256_extractf128_pd(h4, 1));
    return _mm_cvtsd_f64(_mm_add_sd(h2, _mm_unpackhi_pd(h2, h2)));
}

// [a b], halves of 256 bits: each is the sum of its vector's two halves.
FASTGD_INLINE __m512 add_halves(__m512 a, __m512 b) {
    return _mm512_add_ps(_mm512_mask_blend_ps(0xFF00, a, b), _mm512_shuffle_f32x4(a, b, 0x4E));
}
FASTGD_INLINE __m512d add_halves(__m512d a, __m512d b) {
    return _mm512_add_pd(_mm512_mask_blend_pd(0xF0, a, b), _mm512_shuffle_f64x2(a, b, 0x4E));
}

// Two vectors share each addition: x = [a b] + [b a] swapped costs one blend and one shuffle a pair, and additions
// commute, so every sum has reduce_add's bits.
FASTGD_INLINE void reduce_add4(Vec<float> a, Vec<float> b, Vec<float> c, Vec<float> d, float* out) {
    const __m512 ac = add_halves(a.v, c.v);
    const __m512 bd = add_halves(b.v, d.v);
    const __m512 swapped = _mm512_mask_blend_ps(0x0F0F, ac, bd);
    const __m512 h4 = _mm512_add_ps(_mm512_mask_blend_ps(0xF0F0, ac, bd), _mm512_shuffle_f32x4(swapped, swapped, 0xB1));
    const __m512 h2 = _mm512_add_ps(h4, _mm512_permute_ps(h4, 0x4E));
    const __m512 h1 = _mm512_add_ps(h2, _mm512_permute_ps(h2, 0xB1));
    const __m512i firsts = _mm512_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
    _mm_storeu_ps(out, _mm512_castps512_ps128(_mm512_permutexvar_ps(firsts, h1)));
}
FASTGD_INLINE void reduce_add4(Vec<double> a, Vec<double> b, Vec<double> c, Vec<double> d, double* out) {
    const __m512d ac = add_halves(a.v, c.v);
    const __m512d bd = add_halves(b.v, d.v);
    const __m512d swapped = _mm512_mask_blend_pd(0x33, ac, bd);
    const __m512d h2 = _mm512_add_pd(_mm512_mask_blend_pd(0xCC, ac, bd), _mm512_shuffle_f64x2(swapped, swapped, 0xB1));
    const __m512d h1 = _mm512_add_pd(h2, _mm512_permute_pd(h2, 0x55));
    const __m512i firsts = _mm512_setr_epi64(0, 2, 4, 6, 0, 2, 4, 6);
    _mm256_storeu_pd(out, _mm512_castpd512_pd256(_mm512_permutexvar_pd(firsts, h1)));
}

FASTGD_INLINE __m512 widen_f16(__m256i h) { return _mm512_cvtph_ps(h); }
FASTGD_INLINE __m512 widen_bf16(__m256i h) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
}
FASTGD_INLINE __m512 widen_u8(__m128i b) { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(b)); }
FASTGD_INLINE __m512 widen_i8(__m128i b) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(b)); }
FASTGD_INLINE __m256i load_16x16(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
FASTGD_INLINE __m128i load_16x8(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
FASTGD_INLINE __m256i load_16x16(const void* p, int n) { return _mm256_maskz_loadu_epi16(first_n<float>(n).m, p); }
FASTGD_INLINE __m128i load_16x8(const void* p, int n) { return _mm_maskz_loadu_epi8(first_n<float>(n).m, p); }

FASTGD_INLINE Vec<float> load_f32(const void* p) { return {_mm512_loadu_ps(p)}; }
FASTGD_INLINE Vec<double> load_f64(const void* p) { return {_mm512_loadu_pd(p)}; }
FASTGD_INLINE Vec<float> load_f16(const void* p) { return {widen_f16(load_16x16(p))}; }
FASTGD_INLINE Vec<float> load_bf16(const void* p) { return {widen_bf16(load_16x16(p))}; }
FASTGD_INLINE Vec<float> load_u8(const void* p) { return {widen_u8(load_16x8(p))}; }
FASTGD_INLINE Vec<float> load_i8(const void* p) { return {widen_i8(load_16x8(p))}; }
FASTGD_INLINE Vec<float> load_f32_partial(const void* p, int n) {
    return {_mm512_maskz_loadu_ps(first_n<float>(n).m, p)};
}
FASTGD_INLINE Vec<double> load_f64_partial(const void* p, int n) {
    return {_mm512_maskz_loadu_pd(first_n<double>(n).m, p)};
}
FASTGD_INLINE Vec<float> load_f16_partial(const void* p, int n) { return {widen_f16(load_16x16(p, n))}; }
FASTGD_INLINE Vec<float> load_bf16_partial(const void* p, int n) { return {widen_bf16(load_16x16(p, n))}; }
FASTGD_INLINE Vec<float> load_u8_partial(const void* p, int n) { return {widen_u8(load_16x8(p, n))}; }
FASTGD_INLINE Vec<float> load_i8_partial(const void* p, int n) { return {widen_i8(load_16x8(p, n))}; }

}  // namespace
}  // namespace fastgd
