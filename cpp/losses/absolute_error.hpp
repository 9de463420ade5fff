#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// |raw - y|
struct AbsoluteError {
    static constexpr LossInfo kInfo{"absolute_error", LossKind::regression, 0.0};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> r = raw - y;
        value = abs(r);
        deriv = sign(r);
    }
};

}  // namespace
}  // namespace fastgd
