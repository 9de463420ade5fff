#pragma once

#include "losses/gamma.hpp"
#include "losses/loss.hpp"
#include "losses/poisson.hpp"

namespace fastgd {
namespace {

// Half the Tweedie deviance with log link, up to a constant in y; power p is the variance function's exponent:
//   -y exp((1 - p) raw) / (1 - p) + exp((2 - p) raw) / (2 - p);  p = 1 is poisson, p = 2 is gamma
struct Tweedie {
    static constexpr LossInfo kInfo{"tweedie", LossKind::regression, kInfinity, {"power", 1.5}};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T power, Vec<T>& value, Vec<T>& deriv) {
        if (power == T(1)) return Poisson::eval<T>(y, raw, power, value, deriv);
        if (power == T(2)) return Gamma::eval<T>(y, raw, power, value, deriv);
        const Vec<T> one_minus_p = set1<T>(T(1) - power);
        const Vec<T> two_minus_p = set1<T>(T(2) - power);
        const Vec<T> a = scaled_exp(y, one_minus_p * raw);
        const Vec<T> b = exp(two_minus_p * raw);
        const Vec<T> mean = exp(raw);
        value = difference(b / two_minus_p, a / one_minus_p, lt(y / one_minus_p, mean / two_minus_p));
        deriv = difference(b, a, lt(y, mean));
    }

    template <class T>
    static FASTGD_INLINE Vec<T> second(Vec<T> y, Vec<T> raw, T power) {
        if (power == T(1)) return Poisson::second<T>(y, raw, power);
        if (power == T(2)) return Gamma::second<T>(y, raw, power);
        const Vec<T> one_minus_p = set1<T>(T(1) - power);
        const Vec<T> two_minus_p = set1<T>(T(2) - power);
        const Vec<T> a = one_minus_p * scaled_exp(y, one_minus_p * raw);
        const Vec<T> b = two_minus_p * exp(two_minus_p * raw);
        return difference(b, a, lt(one_minus_p * y, two_minus_p * exp(raw)));
    }

private:
    // b - a; where both are the same infinity, the one that they would have without their common factor.
    template <class T>
    static FASTGD_INLINE Vec<T> difference(Vec<T> b, Vec<T> a, Mask<T> positive) {
        const Vec<T> d = b - a;
        return select(eq(d, d), d, select(positive, infinity<T>(), neg(infinity<T>())));
    }
};

}  // namespace
}  // namespace fastgd
