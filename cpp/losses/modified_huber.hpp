#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// m = y raw:  0 where m >= 1, (1 - m)^2 where m >= -1, else -4 m   (Zhang 2004)
struct ModifiedHuber {
    static constexpr LossInfo kInfo{"modified_huber", LossKind::binary, 2.0};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> m = y * raw;
        const Vec<T> minus_four = set1<T>(T(-4));
        const Vec<T> gap = positive_part(set1<T>(T(1)) - m);
        const Mask<T> linear = lt(m, set1<T>(T(-1)));
        value = select(linear, minus_four * m, gap * gap);
        deriv = y * select(linear, minus_four, set1<T>(T(-2)) * gap);
    }

    template <class T>
    static FASTGD_INLINE Vec<T> second(Vec<T> y, Vec<T> raw, T) {
        const Vec<T> m = y * raw;
        const Mask<T> curved = lt(m, set1<T>(T(1))) & le(set1<T>(T(-1)), m);
        return select(curved, set1<T>(T(2)), zero<T>());
    }
};

}  // namespace
}  // namespace fastgd
