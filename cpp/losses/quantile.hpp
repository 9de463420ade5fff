#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// Pinball loss: q max(y - raw, 0) + (1 - q) max(raw - y, 0)   (Koenker and Bassett 1978)
struct Quantile {
    static constexpr LossInfo kInfo{"quantile", LossKind::regression, 0.0, {"quantile", 0.5}};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T quantile, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> r = raw - y;
        const Vec<T> o = zero<T>();
        const Vec<T> below = set1<T>(-quantile);
        const Vec<T> above = set1<T>(T(1) - quantile);
        deriv = select(lt(o, r), above, select(lt(r, o), below, o));
        value = deriv * r;
    }
};

}  // namespace
}  // namespace fastgd
