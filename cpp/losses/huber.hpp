#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// r = raw - y:  r^2 / 2 where |r| <= epsilon, else epsilon |r| - epsilon^2 / 2   (Huber 1964)
struct Huber {
    static constexpr LossInfo kInfo{"huber", LossKind::regression, 1.0, {"epsilon", 0.1}};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T epsilon, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> r = raw - y;
        const Vec<T> e = set1<T>(epsilon);
        const Vec<T> half = set1<T>(T(0.5));
        const Mask<T> inside = le(abs(r), e);
        deriv = select(inside, r, e * sign(r));
        value = select(inside, half * r * r, e * (abs(r) - half * e));
    }

    template <class T>
    static FASTGD_INLINE Vec<T> second(Vec<T> y, Vec<T> raw, T epsilon) {
        return select(le(abs(raw - y), set1<T>(epsilon)), set1<T>(T(1)), zero<T>());
    }
};

}  // namespace
}  // namespace fastgd
