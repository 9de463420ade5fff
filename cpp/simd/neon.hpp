#pragma once

// NEON on AArch64, whose baseline has it: four registers a vector.

#include <arm_neon.h>

#include "simd/vec.hpp"

namespace fastgd {
namespace {

constexpr const char* kIsaName = "neon";
constexpr int kRegisters = 8;

template <>
struct Vec<float> {
    float32x4_t v0, v1, v2, v3;
};
template <>
struct Vec<double> {
    float64x2_t v0, v1, v2, v3;
};
template <>
struct Mask<float> {
    uint32x4_t v0, v1, v2, v3;
};
template <>
struct Mask<double> {
    uint64x2_t v0, v1, v2, v3;
};
template <>
struct IVec<float> {
    uint32x4_t v0, v1, v2, v3;
};
template <>
struct IVec<double> {
    uint64x2_t v0, v1, v2, v3;
};

#define FASTGD_UNARY(NAME, RESULT, ARGUMENT, T, OP) \
    FASTGD_INLINE RESULT<T> NAME(ARGUMENT<T> a) { return {OP(a.v0), OP(a.v1), OP(a.v2), OP(a.v3)}; }
#define FASTGD_BINARY(NAME, RESULT, ARGUMENT, T, OP)                             \
    FASTGD_INLINE RESULT<T> NAME(ARGUMENT<T> a, ARGUMENT<T> b) {                 \
        return {OP(a.v0, b.v0), OP(a.v1, b.v1), OP(a.v2, b.v2), OP(a.v3, b.v3)}; \
    }
#define FASTGD_TERNARY(NAME, FIRST, T, OP)                                                               \
    FASTGD_INLINE Vec<T> NAME(FIRST<T> a, Vec<T> b, Vec<T> c) {                                          \
        return {OP(a.v0, b.v0, c.v0), OP(a.v1, b.v1, c.v1), OP(a.v2, b.v2, c.v2), OP(a.v3, b.v3, c.v3)}; \
    }

FASTGD_INLINE float32x4_t fma_quad(float32x4_t a, float32x4_t b, float32x4_t c) { return vfmaq_f32(c, a, b); }
FASTGD_INLINE float64x2_t fma_quad(float64x2_t a, float64x2_t b, float64x2_t c) { return vfmaq_f64(c, a, b); }
FASTGD_INLINE float32x4_t fnma_quad(float32x4_t a, float32x4_t b, float32x4_t c) { return vfmsq_f32(c, a, b); }
FASTGD_INLINE float64x2_t fnma_quad(float64x2_t a, float64x2_t b, float64x2_t c) { return vfmsq_f64(c, a, b); }
FASTGD_INLINE uint64x2_t not_quad(uint64x2_t a) { return vreinterpretq_u64_u32(vmvnq_u32(vreinterpretq_u32_u64(a))); }
FASTGD_INLINE uint32x4_t to_int_quad(float32x4_t a) { return vreinterpretq_u32_s32(vcvtnq_s32_f32(a)); }
FASTGD_INLINE uint64x2_t to_int_quad(float64x2_t a) { return vreinterpretq_u64_s64(vcvtnq_s64_f64(a)); }
FASTGD_INLINE float32x4_t to_float_quad(uint32x4_t a) { return vcvtq_f32_s32(vreinterpretq_s32_u32(a)); }
FASTGD_INLINE float64x2_t to_float_quad(uint64x2_t a) { return vcvtq_f64_s64(vreinterpretq_s64_u64(a)); }

FASTGD_BINARY(operator+, Vec, Vec, float, vaddq_f32)
FASTGD_BINARY(operator+, Vec, Vec, double, vaddq_f64)
FASTGD_BINARY(operator-, Vec, Vec, float, vsubq_f32)
FASTGD_BINARY(operator-, Vec, Vec, double, vsubq_f64)
FASTGD_BINARY(operator*, Vec, Vec, float, vmulq_f32)
FASTGD_BINARY(operator*, Vec, Vec, double, vmulq_f64)
FASTGD_BINARY(operator/, Vec, Vec, float, vdivq_f32)
FASTGD_BINARY(operator/, Vec, Vec, double, vdivq_f64)
FASTGD_TERNARY(fma, Vec, float, fma_quad)
FASTGD_TERNARY(fma, Vec, double, fma_quad)
FASTGD_TERNARY(fnma, Vec, float, fnma_quad)
FASTGD_TERNARY(fnma, Vec, double, fnma_quad)
FASTGD_UNARY(neg, Vec, Vec, float, vnegq_f32)
FASTGD_UNARY(neg, Vec, Vec, double, vnegq_f64)
FASTGD_UNARY(abs, Vec, Vec, float, vabsq_f32)
FASTGD_UNARY(abs, Vec, Vec, double, vabsq_f64)
FASTGD_UNARY(sqrt, Vec, Vec, float, vsqrtq_f32)
FASTGD_UNARY(sqrt, Vec, Vec, double, vsqrtq_f64)
FASTGD_UNARY(round_even, Vec, Vec, float, vrndnq_f32)
FASTGD_UNARY(round_even, Vec, Vec, double, vrndnq_f64)

FASTGD_BINARY(lt, Mask, Vec, float, vcltq_f32)
FASTGD_BINARY(lt, Mask, Vec, double, vcltq_f64)
FASTGD_BINARY(le, Mask, Vec, float, vcleq_f32)
FASTGD_BINARY(le, Mask, Vec, double, vcleq_f64)
FASTGD_BINARY(eq, Mask, Vec, float, vceqq_f32)
FASTGD_BINARY(eq, Mask, Vec, double, vceqq_f64)
FASTGD_BINARY(operator&, Mask, Mask, float, vandq_u32)
FASTGD_BINARY(operator&, Mask, Mask, double, vandq_u64)
FASTGD_BINARY(operator|, Mask, Mask, float, vorrq_u32)
FASTGD_BINARY(operator|, Mask, Mask, double, vorrq_u64)
FASTGD_UNARY(operator!, Mask, Mask, float, vmvnq_u32)
FASTGD_UNARY(operator!, Mask, Mask, double, not_quad)
FASTGD_TERNARY(select, Mask, float, vbslq_f32)
FASTGD_TERNARY(select, Mask, double, vbslq_f64)

FASTGD_UNARY(as_int, IVec, Vec, float, vreinterpretq_u32_f32)
FASTGD_UNARY(as_int, IVec, Vec, double, vreinterpretq_u64_f64)
FASTGD_UNARY(as_float, Vec, IVec, float, vreinterpretq_f32_u32)
FASTGD_UNARY(as_float, Vec, IVec, double, vreinterpretq_f64_u64)
FASTGD_BINARY(operator+, IVec, IVec, float, vaddq_u32)
FASTGD_BINARY(operator+, IVec, IVec, double, vaddq_u64)
FASTGD_BINARY(operator-, IVec, IVec, float, vsubq_u32)
FASTGD_BINARY(operator-, IVec, IVec, double, vsubq_u64)
FASTGD_BINARY(operator&, IVec, IVec, float, vandq_u32)
FASTGD_BINARY(operator&, IVec, IVec, double, vandq_u64)
FASTGD_BINARY(operator|, IVec, IVec, float, vorrq_u32)
FASTGD_BINARY(operator|, IVec, IVec, double, vorrq_u64)
FASTGD_UNARY(to_int, IVec, Vec, float, to_int_quad)
FASTGD_UNARY(to_int, IVec, Vec, double, to_int_quad)
FASTGD_UNARY(to_float, Vec, IVec, float, to_float_quad)
FASTGD_UNARY(to_float, Vec, IVec, double, to_float_quad)

#undef FASTGD_UNARY
#undef FASTGD_BINARY
#undef FASTGD_TERNARY

// The processor's own maximum and minimum treat NaN and signed zeros differently.
template <class T>
FASTGD_INLINE Vec<T> max(Vec<T> a, Vec<T> b) {
    return select(lt(b, a), a, b);
}
template <class T>
FASTGD_INLINE Vec<T> min(Vec<T> a, Vec<T> b) {
    return select(lt(a, b), a, b);
}

template <int N>
FASTGD_INLINE IVec<float> shift_left(IVec<float> a) {
    return {vshlq_n_u32(a.v0, N), vshlq_n_u32(a.v1, N), vshlq_n_u32(a.v2, N), vshlq_n_u32(a.v3, N)};
}
template <int N>
FASTGD_INLINE IVec<double> shift_left(IVec<double> a) {
    return {vshlq_n_u64(a.v0, N), vshlq_n_u64(a.v1, N), vshlq_n_u64(a.v2, N), vshlq_n_u64(a.v3, N)};
}
template <int N>
FASTGD_INLINE IVec<float> shift_right(IVec<float> a) {
    return {vshrq_n_u32(a.v0, N), vshrq_n_u32(a.v1, N), vshrq_n_u32(a.v2, N), vshrq_n_u32(a.v3, N)};
}
template <int N>
FASTGD_INLINE IVec<double> shift_right(IVec<double> a) {
    return {vshrq_n_u64(a.v0, N), vshrq_n_u64(a.v1, N), vshrq_n_u64(a.v2, N), vshrq_n_u64(a.v3, N)};
}

template <class T>
FASTGD_INLINE Vec<T> set1(T x) {
    if constexpr (sizeof(T) == 4) {
        const float32x4_t v = vdupq_n_f32(x);
        return {v, v, v, v};
    } else {
        const float64x2_t v = vdupq_n_f64(x);
        return {v, v, v, v};
    }
}
template <class T>
FASTGD_INLINE Vec<T> zero() {
    return set1<T>(T(0));
}
template <class T>
FASTGD_INLINE IVec<T> iset1(LaneInt<T> x) {
    if constexpr (sizeof(T) == 4) {
        const uint32x4_t v = vdupq_n_u32(static_cast<std::uint32_t>(x));
        return {v, v, v, v};
    } else {
        const uint64x2_t v = vdupq_n_u64(static_cast<std::uint64_t>(x));
        return {v, v, v, v};
    }
}

FASTGD_INLINE Vec<float> load(const float* p) {
    return {vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)};
}
FASTGD_INLINE Vec<double> load(const double* p) {
    return {vld1q_f64(p), vld1q_f64(p + 2), vld1q_f64(p + 4), vld1q_f64(p + 6)};
}
FASTGD_INLINE void store(float* p, Vec<float> a) {
    vst1q_f32(p, a.v0);
    vst1q_f32(p + 4, a.v1);
    vst1q_f32(p + 8, a.v2);
    vst1q_f32(p + 12, a.v3);
}
FASTGD_INLINE void store(double* p, Vec<double> a) {
    vst1q_f64(p, a.v0);
    vst1q_f64(p + 2, a.v1);
    vst1q_f64(p + 4, a.v2);
    vst1q_f64(p + 6, a.v3);
}

template <class T>
FASTGD_INLINE Mask<T> first_n(int n) {
    constexpr float kIndex[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    if constexpr (sizeof(T) == 4) {
        return lt(load(kIndex), set1<T>(static_cast<T>(n)));
    } else {
        constexpr double kWideIndex[8] = {0, 1, 2, 3, 4, 5, 6, 7};
        return lt(load(kWideIndex), set1<T>(static_cast<T>(n)));
    }
}
FASTGD_INLINE bool any(Mask<float> a) {
    return vmaxvq_u32(vorrq_u32(vorrq_u32(a.v0, a.v1), vorrq_u32(a.v2, a.v3))) != 0;
}
FASTGD_INLINE bool any(Mask<double> a) {
    return vmaxvq_u32(vreinterpretq_u32_u64(vorrq_u64(vorrq_u64(a.v0, a.v1), vorrq_u64(a.v2, a.v3)))) != 0;
}
template <class T>
FASTGD_INLINE bool all(Mask<T> a) {
    return !any(!a);
}
FASTGD_INLINE float first_lane(Vec<float> a) { return vgetq_lane_f32(a.v0, 0); }
FASTGD_INLINE double first_lane(Vec<double> a) { return vgetq_lane_f64(a.v0, 0); }

FASTGD_INLINE float reduce_add(Vec<float> a) {
    const float32x4_t h4 = vaddq_f32(vaddq_f32(a.v0, a.v2), vaddq_f32(a.v1, a.v3));
    return vpadds_f32(vadd_f32(vget_low_f32(h4), vget_high_f32(h4)));
}
FASTGD_INLINE double reduce_add(Vec<double> a) {
    return vpaddd_f64(vaddq_f64(vaddq_f64(a.v0, a.v2), vaddq_f64(a.v1, a.v3)));
}

// [a b], halves of two lanes: each is what is left of its vector after three steps of the tree.
FASTGD_INLINE float32x4_t add_down_to_two(Vec<float> a, Vec<float> b) {
    const float64x2_t x = vreinterpretq_f64_f32(vaddq_f32(vaddq_f32(a.v0, a.v2), vaddq_f32(a.v1, a.v3)));
    const float64x2_t y = vreinterpretq_f64_f32(vaddq_f32(vaddq_f32(b.v0, b.v2), vaddq_f32(b.v1, b.v3)));
    return vaddq_f32(vreinterpretq_f32_f64(vzip1q_f64(x, y)), vreinterpretq_f32_f64(vzip2q_f64(x, y)));
}
FASTGD_INLINE float64x2_t add_down_to_two(Vec<double> a) {
    return vaddq_f64(vaddq_f64(a.v0, a.v2), vaddq_f64(a.v1, a.v3));
}
FASTGD_INLINE void reduce_add4(Vec<float> a, Vec<float> b, Vec<float> c, Vec<float> d, float* out) {
    vst1q_f32(out, vpaddq_f32(add_down_to_two(a, b), add_down_to_two(c, d)));
}
FASTGD_INLINE void reduce_add4(Vec<double> a, Vec<double> b, Vec<double> c, Vec<double> d, double* out) {
    vst1q_f64(out, vpaddq_f64(add_down_to_two(a), add_down_to_two(b)));
    vst1q_f64(out + 2, vpaddq_f64(add_down_to_two(c), add_down_to_two(d)));
}

// Bytes first, because the memory need not be aligned to its elements.
FASTGD_INLINE uint8x16_t load_16_bytes(const void* p, int offset = 0) {
    return vld1q_u8(static_cast<const unsigned char*>(p) + offset);
}
// n bytes in all, of which those from byte `offset` on are loaded
FASTGD_INLINE uint8x16_t load_16_bytes_partial(const void* p, int offset, int n) {
    const Bytes16 b = load_bytes(static_cast<const unsigned char*>(p) + offset, n - offset);
    return vcombine_u8(vcreate_u8(b.low), vcreate_u8(b.high));
}
FASTGD_INLINE Vec<float> widen_f16(uint8x16_t lo, uint8x16_t hi) {
    const float16x8_t a = vreinterpretq_f16_u8(lo);
    const float16x8_t b = vreinterpretq_f16_u8(hi);
    return {vcvt_f32_f16(vget_low_f16(a)), vcvt_high_f32_f16(a), vcvt_f32_f16(vget_low_f16(b)), vcvt_high_f32_f16(b)};
}
FASTGD_INLINE Vec<float> widen_bf16(uint8x16_t lo, uint8x16_t hi) {
    const uint16x8_t a = vreinterpretq_u16_u8(lo);
    const uint16x8_t b = vreinterpretq_u16_u8(hi);
    return as_float(IVec<float>{vshll_n_u16(vget_low_u16(a), 16), vshll_high_n_u16(a, 16),
                                vshll_n_u16(vget_low_u16(b), 16), vshll_high_n_u16(b, 16)});
}
FASTGD_INLINE Vec<float> widen_u8(uint8x16_t b) {
    const uint16x8_t lo = vmovl_u8(vget_low_u8(b));
    const uint16x8_t hi = vmovl_high_u8(b);
    return to_float(
        IVec<float>{vmovl_u16(vget_low_u16(lo)), vmovl_high_u16(lo), vmovl_u16(vget_low_u16(hi)), vmovl_high_u16(hi)});
}
FASTGD_INLINE Vec<float> widen_i8(uint8x16_t b) {
    const int16x8_t lo = vmovl_s8(vget_low_s8(vreinterpretq_s8_u8(b)));
    const int16x8_t hi = vmovl_high_s8(vreinterpretq_s8_u8(b));
    return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(lo))), vcvtq_f32_s32(vmovl_high_s16(lo)),
            vcvtq_f32_s32(vmovl_s16(vget_low_s16(hi))), vcvtq_f32_s32(vmovl_high_s16(hi))};
}

FASTGD_INLINE Vec<float> load_f32(const void* p) {
    return {vreinterpretq_f32_u8(load_16_bytes(p)), vreinterpretq_f32_u8(load_16_bytes(p, 16)),
            vreinterpretq_f32_u8(load_16_bytes(p, 32)), vreinterpretq_f32_u8(load_16_bytes(p, 48))};
}
FASTGD_INLINE Vec<double> load_f64(const void* p) {
    return {vreinterpretq_f64_u8(load_16_bytes(p)), vreinterpretq_f64_u8(load_16_bytes(p, 16)),
            vreinterpretq_f64_u8(load_16_bytes(p, 32)), vreinterpretq_f64_u8(load_16_bytes(p, 48))};
}
FASTGD_INLINE Vec<float> load_f16(const void* p) { return widen_f16(load_16_bytes(p), load_16_bytes(p, 16)); }
FASTGD_INLINE Vec<float> load_bf16(const void* p) { return widen_bf16(load_16_bytes(p), load_16_bytes(p, 16)); }
FASTGD_INLINE Vec<float> load_u8(const void* p) { return widen_u8(load_16_bytes(p)); }
FASTGD_INLINE Vec<float> load_i8(const void* p) { return widen_i8(load_16_bytes(p)); }
FASTGD_INLINE Vec<float> load_f32_partial(const void* p, int n) {
    if (n == 16) return load_f32(p);
    return {vreinterpretq_f32_u8(load_16_bytes_partial(p, 0, 4 * n)),
            vreinterpretq_f32_u8(load_16_bytes_partial(p, 16, 4 * n)),
            vreinterpretq_f32_u8(load_16_bytes_partial(p, 32, 4 * n)),
            vreinterpretq_f32_u8(load_16_bytes_partial(p, 48, 4 * n))};
}
FASTGD_INLINE Vec<double> load_f64_partial(const void* p, int n) {
    if (n == 8) return load_f64(p);
    return {vreinterpretq_f64_u8(load_16_bytes_partial(p, 0, 8 * n)),
            vreinterpretq_f64_u8(load_16_bytes_partial(p, 16, 8 * n)),
            vreinterpretq_f64_u8(load_16_bytes_partial(p, 32, 8 * n)),
            vreinterpretq_f64_u8(load_16_bytes_partial(p, 48, 8 * n))};
}
FASTGD_INLINE Vec<float> load_f16_partial(const void* p, int n) {
    return widen_f16(load_16_bytes_partial(p, 0, 2 * n), load_16_bytes_partial(p, 16, 2 * n));
}
FASTGD_INLINE Vec<float> load_bf16_partial(const void* p, int n) {
    return widen_bf16(load_16_bytes_partial(p, 0, 2 * n), load_16_bytes_partial(p, 16, 2 * n));
}
FASTGD_INLINE Vec<float> load_u8_partial(const void* p, int n) { return widen_u8(load_16_bytes_partial(p, 0, n)); }
FASTGD_INLINE Vec<float> load_i8_partial(const void* p, int n) { return widen_i8(load_16_bytes_partial(p, 0, n)); }
FASTGD_INLINE Vec<float> load_partial(const float* p, int n) { return load_f32_partial(p, n); }
FASTGD_INLINE Vec<double> load_partial(const double* p, int n) { return load_f64_partial(p, n); }

template <class T>
FASTGD_INLINE void store_partial(T* p, Vec<T> a, int n) {
    if (n == kLanes<T>) return store(p, a);
    T lanes[kLanes<T>];
    store(lanes, a);
    for (int i = 0; i < n; ++i) p[i] = lanes[i];
}

}  // namespace
}  // namespace fastgd

#include "simd/power_of_two.hpp"
