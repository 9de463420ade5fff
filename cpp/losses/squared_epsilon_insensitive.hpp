#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// max(0, |raw - y| - epsilon)^2
struct SquaredEpsilonInsensitive {
    static constexpr LossInfo kInfo{"squared_epsilon_insensitive", LossKind::regression, 2.0, {"epsilon", 0.1}};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T epsilon, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> r = raw - y;
        const Vec<T> excess = positive_part(abs(r) - set1<T>(epsilon));
        value = excess * excess;
        deriv = set1<T>(T(2)) * excess * sign(r);
    }

    template <class T>
    static FASTGD_INLINE Vec<T> second(Vec<T> y, Vec<T> raw, T epsilon) {
        return select(lt(set1<T>(epsilon), abs(raw - y)), set1<T>(T(2)), zero<T>());
    }
};

}  // namespace
}  // namespace fastgd
