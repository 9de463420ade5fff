#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// max(0, |raw - y| - epsilon)
struct EpsilonInsensitive {
    static constexpr LossInfo kInfo{"epsilon_insensitive", LossKind::regression, 0.0, {"epsilon", 0.1}};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T epsilon, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> r = raw - y;
        const Vec<T> excess = abs(r) - set1<T>(epsilon);
        value = positive_part(excess);
        deriv = select(lt(zero<T>(), excess), sign(r), zero<T>());
    }
};

}  // namespace
}  // namespace fastgd
