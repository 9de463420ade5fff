#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// max(0, 1 - m)^2, m = y raw
struct SquaredHinge {
    static constexpr LossInfo kInfo{"squared_hinge", LossKind::binary, 2.0};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> gap = positive_part(set1<T>(T(1)) - y * raw);
        value = gap * gap;
        deriv = set1<T>(T(-2)) * y * gap;
    }

    template <class T>
    static FASTGD_INLINE Vec<T> second(Vec<T> y, Vec<T> raw, T) {
        return select(lt(y * raw, set1<T>(T(1))), set1<T>(T(2)), zero<T>());
    }
};

}  // namespace
}  // namespace fastgd
