#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// max(0, 1 - m), m = y raw
struct Hinge {
    static constexpr LossInfo kInfo{"hinge", LossKind::binary, 0.0};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> m = y * raw;
        const Vec<T> one = set1<T>(T(1));
        value = positive_part(one - m);
        deriv = select(le(m, one), neg(y), zero<T>());
    }
};

}  // namespace
}  // namespace fastgd
