#pragma once

// Elementary functions over the virtual vector, the same operations in the same order on every instruction set, so the
// same bits. Branch-free, right at infinities and NaN, denormal results rounded like others. Errors in ulp at most,
// over every float | over tens of millions of doubles: exp 1.8 | 1.3, expm1 1.7 | 2.3, log 1.0 | 0.9, log1p 1.6 | 1.4,
// sigmoid 3.3 | 2.5, softplus 2.9 | 1.8, tanh 2.5 | 2.7. They run once a row in per-sample descent, so short dependency
// chains were preferred to the last half ulp.
//
// The polynomials are weighted minimax fits by a Remez exchange in 200-bit arithmetic, minimising the relative error of
// the function they serve; the coefficients were then rounded to the working precision:
//   exp    (expm1(r) - r) / r^2      on |r| <= log(2)/2               error 2^-25.8 (float), 2^-54.8 (double)
//   log    (log1p(f) - f) / f^2      on sqrt(1/2) <= 1 + f <= sqrt(2) error 2^-27.7 (float)
//          2 atanh(s)/s = 2 + z L(z), z = s^2, s = f / (2 + f)        error 2^-59.4 (double)

#include "simd/vec.hpp"

namespace fastgd {
namespace {

template <class T>
struct MathConstants;

template <>
struct MathConstants<float> {
    static constexpr int kMantissaBits = 23;
    static constexpr std::int32_t kBias = 127;
    static constexpr std::int32_t kOneBits = 0x3F800000;
    static constexpr std::int32_t kMantissaMask = 0x007FFFFF;
    static constexpr std::int32_t kSqrtHalfBits = 0x3F3504F3;
    static constexpr float kUnitSplit = 0x1.A82796p-2F;
    static constexpr float kTwoToMantissa = 0x1p23F;
    static constexpr std::int32_t kTwoToMantissaBits = 0x4B000000;
    static constexpr float kLog2E = 0x1.715476p0F;
    static constexpr float kLn2High = 0x1.62E430p-1F;
    static constexpr float kLn2Low = -0x1.05C610p-29F;
    static constexpr float kExpLimit = 104.0F;  // beyond it exp is 0 or infinite
    static constexpr float kExpm1High = 89.0F;
    static constexpr float kExpm1Low = -25.0F;
    static constexpr float kTanhLimit = 10.0F;
    static constexpr float kTiny = 0x1p-30F;  // below it log1p(x) and expm1(x) round to x
    static constexpr float kMinNormal = 0x1p-126F;
    static constexpr float kDenormalScale = 0x1p25F;
    static constexpr float kDenormalExponent = 25.0F;
};

template <>
struct MathConstants<double> {
    static constexpr int kMantissaBits = 52;
    static constexpr std::int64_t kBias = 1023;
    static constexpr std::int64_t kOneBits = 0x3FF0000000000000;
    static constexpr std::int64_t kMantissaMask = 0x000FFFFFFFFFFFFF;
    static constexpr std::int64_t kSqrtHalfBits = 0x3FE6A09E667F3BCD;
    static constexpr double kUnitSplit = 0x1.A827999FCEF33p-2;
    static constexpr double kTwoToMantissa = 0x1p52;
    static constexpr std::int64_t kTwoToMantissaBits = 0x4330000000000000;
    static constexpr double kLog2E = 0x1.71547652B82FEp0;
    static constexpr double kLn2High = 0x1.62E42FEFA39EFp-1;
    static constexpr double kLn2Low = 0x1.ABC9E3B39803Fp-56;
    static constexpr double kExpLimit = 746.0;
    static constexpr double kExpm1High = 710.0;
    static constexpr double kExpm1Low = -50.0;
    static constexpr double kTanhLimit = 20.0;
    static constexpr double kTiny = 0x1p-60;
    static constexpr double kMinNormal = 0x1p-1022;
    static constexpr double kDenormalScale = 0x1p54;
    static constexpr double kDenormalExponent = 54.0;
};

template <class T>
FASTGD_INLINE Vec<T> infinity() {
    return set1<T>(static_cast<T>(__builtin_huge_val()));
}
template <class T>
FASTGD_INLINE Vec<T> not_a_number() {
    return set1<T>(static_cast<T>(__builtin_nan("")));
}

// x = n log(2) + r, |r| <= log(2)/2
template <class T>
struct ExpReduced {
    Vec<T> n, r;
};

template <class T>
FASTGD_INLINE ExpReduced<T> exp_reduce(Vec<T> x) {
    using C = MathConstants<T>;
    const Vec<T> n = round_even(x * set1<T>(C::kLog2E));
    // The first difference is exact: log(2) and x are multiples of a unit that |r| < 1/2 leaves room for.
    return {n, fnma(n, set1<T>(C::kLn2High), x) - n * set1<T>(C::kLn2Low)};
}

// 2^n where that is normal
template <class T>
FASTGD_INLINE Vec<T> power_of_two(Vec<T> n) {
    using C = MathConstants<T>;
    // Adding 1.5 * 2^mantissa leaves an integer in the low bits; the rest is shifted out.
    const Vec<T> shift = set1<T>(T(1.5) * C::kTwoToMantissa + static_cast<T>(C::kBias));
    return as_float(shift_left<C::kMantissaBits>(as_int(n + shift)));
}

// expm1(r) = r + r2 * (low + high_power * high)
template <class T>
struct ExpPolynomial {
    Vec<T> r2, low, high_power, high;
};

FASTGD_INLINE ExpPolynomial<float> exp_polynomial(Vec<float> r) {
    const Vec<float> r2 = r * r;
    const Vec<float> low = fma(set1(0.166665435F), r, set1(0.49999997F));
    const Vec<float> high = fma(set1(0.00138824992F), r2, fma(set1(0.00836658012F), r, set1(0.0416672006F)));
    return {r2, low, r2, high};
}

FASTGD_INLINE ExpPolynomial<double> exp_polynomial(Vec<double> r) {
    const Vec<double> r2 = r * r;
    const Vec<double> r4 = r2 * r2;
    const Vec<double> c01 = fma(set1(0x1.5555555555539p-3), r, set1(0x1.0000000000005p-1));
    const Vec<double> c23 = fma(set1(0x1.1111111119098p-7), r, set1(0x1.555555555225Bp-5));
    const Vec<double> c45 = fma(set1(0x1.A01A0174D76AEp-13), r, set1(0x1.6C16C17EF57F0p-10));
    const Vec<double> c67 = fma(set1(0x1.71DE88536AD83p-19), r, set1(0x1.A019A71C7875Fp-16));
    const Vec<double> c89 = fma(set1(0x1.AE6BA290DF658p-26), r, set1(0x1.28A236BACD99Bp-22));
    return {r2, fma(c23, r2, c01), r4, fma(c89, r4, fma(c67, r2, c45))};
}

// 1 + r goes first where its rounding is affordable: every float argument was tried. In double, sigmoid would come
// close to 4 ulp, so there 1 goes last, which takes one addition longer.
FASTGD_INLINE Vec<float> exp_of_remainder(Vec<float> r) {
    const ExpPolynomial<float> p = exp_polynomial(r);
    return fma(p.high_power * p.r2, p.high, fma(p.r2, p.low, set1(1.0F) + r));
}
FASTGD_INLINE Vec<double> exp_of_remainder(Vec<double> r) {
    const ExpPolynomial<double> p = exp_polynomial(r);
    return set1(1.0) + fma(p.high_power * p.r2, p.high, fma(p.r2, p.low, r));
}

// exp(x) for |x| <= kExpLimit; otherwise any value but for NaN, which stays.
template <class T>
FASTGD_INLINE Vec<T> exp_in_range(Vec<T> x) {
    const ExpReduced<T> e = exp_reduce(x);
    return times_power_of_two(exp_of_remainder(e.r), e.n);
}

template <class T>
FASTGD_INLINE Vec<T> exp(Vec<T> x) {
    const Vec<T> beyond = max(zero<T>(), x * infinity<T>());
    return select(lt(abs(x), set1<T>(MathConstants<T>::kExpLimit)), exp_in_range(x), beyond);
}

// exp(x) for x <= 0, with fewer operations and the same bits.
template <class T>
FASTGD_INLINE Vec<T> exp_nonpositive(Vec<T> x) {
    return select(lt(x, set1<T>(-MathConstants<T>::kExpLimit)), zero<T>(), exp_in_range(x));
}

// exp(x + rest) for x <= 0, where the rest is what rounding took from x.
template <class T>
FASTGD_INLINE Vec<T> exp_nonpositive(Vec<T> x, Vec<T> rest) {
    const ExpReduced<T> e = exp_reduce(x);
    const Vec<T> y = times_power_of_two(exp_of_remainder(e.r + rest), e.n);
    return select(lt(x, set1<T>(-MathConstants<T>::kExpLimit)), zero<T>(), y);
}

// Grouped for accuracy: where 2^n expm1(r) and 2^n - 1 nearly cancel, an error in the first doubles.
template <class T>
FASTGD_INLINE Vec<T> expm1_of_remainder(Vec<T> r) {
    const ExpPolynomial<T> p = exp_polynomial(r);
    return fma(p.r2, fma(p.high_power, p.high, p.low), r);
}

template <class T>
FASTGD_INLINE Vec<T> expm1(Vec<T> x) {
    using C = MathConstants<T>;
    const ExpReduced<T> e = exp_reduce(x);
    // Half of 2^n, because 2^n itself overflows before expm1 does.
    const Vec<T> half_scale = power_of_two(e.n - set1<T>(T(1)));
    const Vec<T> half = fma(half_scale, expm1_of_remainder(e.r), half_scale - set1<T>(T(0.5)));
    Vec<T> y = half + half;
    y = select(lt(x, set1<T>(C::kExpm1Low)), set1<T>(T(-1)), y);
    y = select(lt(set1<T>(C::kExpm1High), x), infinity<T>(), y);
    return select(lt(abs(x), set1<T>(C::kTiny)), x, y);
}

// log(2^e (1 + f)) for sqrt(1/2) <= 1 + f <= sqrt(2)
FASTGD_INLINE Vec<float> log_reduced(Vec<float> e, Vec<float> f) {
    const Vec<float> f2 = f * f;
    const Vec<float> f4 = f2 * f2;
    const Vec<float> c01 = fma(set1(0.333333254F), f, set1(-0.499999881F));
    const Vec<float> c23 = fma(set1(0.200019881F), f, set1(-0.250015944F));
    const Vec<float> c45 = fma(set1(0.141813427F), f, set1(-0.166087985F));
    const Vec<float> c67 = fma(set1(0.12908642F), f, set1(-0.132450476F));
    const Vec<float> high = fma(set1(-0.0762176588F), f4, fma(c67, f2, c45));
    const Vec<float> tail = fma(high, f4, fma(c23, f2, c01));
    return fma(e, set1(MathConstants<float>::kLn2High), fma(tail, f2, f));
}

FASTGD_INLINE Vec<double> log_reduced(Vec<double> e, Vec<double> f) {
    using C = MathConstants<double>;
    const Vec<double> s = f / (set1(2.0) + f);
    const Vec<double> z = s * s;
    const Vec<double> z2 = z * z;
    const Vec<double> c01 = fma(set1(0x1.999999997F9A8p-2), z, set1(0x1.5555555555593p-1));
    const Vec<double> c23 = fma(set1(0x1.C71C51D16C86Ep-3), z, set1(0x1.2492494230A89p-2));
    const Vec<double> c45 = fma(set1(0x1.39A06B4BDFFB5p-3), z, set1(0x1.74664B2E0D16Ap-3));
    const Vec<double> c456 = fma(set1(0x1.2F134738DC1C0p-3), z2, c45);
    const Vec<double> c = fma(fma(c456, z2, c23), z2, c01);
    // log1p(f) = f - h + s (h + z c), h = f^2 / 2: f carries the leading bits, so s needs no more than working
    // precision.
    const Vec<double> h = set1(0.5) * f * f;
    const Vec<double> correction = h - fma(s, fma(z, c, h), e * set1(C::kLn2Low));
    return fma(e, set1(C::kLn2High), f - correction);
}

template <class T>
FASTGD_INLINE Vec<T> log(Vec<T> x) {
    using C = MathConstants<T>;
    const Mask<T> small = lt(x, set1<T>(C::kMinNormal));
    const Vec<T> normal = select(small, x * set1<T>(C::kDenormalScale), x);
    const IVec<T> bits = as_int(normal) + iset1<T>(C::kOneBits - C::kSqrtHalfBits);
    const IVec<T> exponent = shift_right<C::kMantissaBits>(bits);
    const Vec<T> m = as_float((bits & iset1<T>(C::kMantissaMask)) + iset1<T>(C::kSqrtHalfBits));
    const Vec<T> offset = set1<T>(C::kTwoToMantissa + static_cast<T>(C::kBias));
    const Vec<T> small_offset = set1<T>(C::kTwoToMantissa + static_cast<T>(C::kBias) + C::kDenormalExponent);
    const Vec<T> e = as_float(exponent | iset1<T>(C::kTwoToMantissaBits)) - select(small, small_offset, offset);
    const Vec<T> y = log_reduced(e, m - set1<T>(T(1)));
    Vec<T> special = select(lt(x, zero<T>()), not_a_number<T>(), x);
    special = select(eq(x, zero<T>()), neg(infinity<T>()), special);
    return select(lt(zero<T>(), x) & lt(x, infinity<T>()), y, special);
}

template <class T>
FASTGD_INLINE Vec<T> log1p(Vec<T> x) {
    using C = MathConstants<T>;
    // 1 + x serves only to choose e; 1 + f = (1 + x) / 2^e is formed from x with one rounding. The factor 16 keeps 2^-e
    // normal for the largest x.
    const IVec<T> bits = as_int(set1<T>(T(1)) + x) + iset1<T>(C::kOneBits - C::kSqrtHalfBits);
    const IVec<T> exponent = shift_right<C::kMantissaBits>(bits);
    const Vec<T> scale16 = as_float(shift_left<C::kMantissaBits>(iset1<T>(2 * C::kBias + 4) - exponent));
    const Vec<T> f = fma(set1<T>(T(0.0625)) * x, scale16, fma(scale16, set1<T>(T(0.0625)), set1<T>(T(-1))));
    const Vec<T> offset = set1<T>(C::kTwoToMantissa + static_cast<T>(C::kBias));
    const Vec<T> y = log_reduced(as_float(exponent | iset1<T>(C::kTwoToMantissaBits)) - offset, f);
    const Vec<T> minus_one = set1<T>(T(-1));
    Vec<T> special = select(lt(x, minus_one), not_a_number<T>(), x);
    special = select(eq(x, minus_one), neg(infinity<T>()), special);
    return select(lt(minus_one, x) & lt(x, infinity<T>()) & le(set1<T>(C::kTiny), abs(x)), y, special);
}

// log1p(t) for 0 <= t <= 1, with fewer operations and the same bits.
template <class T>
FASTGD_INLINE Vec<T> log1p_unit(Vec<T> t) {
    const Vec<T> one = set1<T>(T(1));
    const Vec<T> half = set1<T>(T(0.5));
    // The least t that log1p, too, gives e = 1.
    const Mask<T> low = lt(t, set1<T>(MathConstants<T>::kUnitSplit));
    return log_reduced(select(low, zero<T>(), one), select(low, t, fma(half, t, neg(half))));
}

// t = exp(-|x|) <= 1 keeps the quotient accurate on both sides and away from overflow.
template <class T>
FASTGD_INLINE Vec<T> sigmoid(Vec<T> x) {
    const Vec<T> one = set1<T>(T(1));
    const Vec<T> t = exp_nonpositive(neg(abs(x)));
    return select(lt(x, zero<T>()), t, one) / (one + t);
}

// log(1 + exp(x))
template <class T>
FASTGD_INLINE Vec<T> softplus(Vec<T> x) {
    return max(x, zero<T>()) + log1p_unit(exp_nonpositive(neg(abs(x))));
}

// -t / (2 + t), t = expm1(-2 |x|), with the sign of x
template <class T>
FASTGD_INLINE Vec<T> tanh(Vec<T> x) {
    using C = MathConstants<T>;
    const Vec<T> magnitude = abs(x);
    const ExpReduced<T> e = exp_reduce(set1<T>(T(-2)) * magnitude);
    const Vec<T> scale = power_of_two(e.n);
    const Vec<T> t = fma(scale, expm1_of_remainder(e.r), scale - set1<T>(T(1)));
    const Vec<T> quotient = neg(t) / (set1<T>(T(2)) + t);
    const Vec<T> y = select(lt(set1<T>(C::kTanhLimit), magnitude), set1<T>(T(1)), quotient);
    const IVec<T> sign = as_int(x) & as_int(set1<T>(T(-0.0)));
    return as_float(as_int(abs(y)) | sign);
}

}  // namespace
}  // namespace fastgd
