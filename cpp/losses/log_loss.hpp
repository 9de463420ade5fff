#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// log(1 + exp(-m)), m = y raw: binary cross-entropy
struct LogLoss {
    static constexpr LossInfo kInfo{"log_loss", LossKind::binary, 0.25};

    template <class T>
    static FASTGD_INLINE void eval(Vec<T> y, Vec<T> raw, T, Vec<T>& value, Vec<T>& deriv) {
        const Vec<T> m = y * raw;
        const Vec<T> one = set1<T>(T(1));
        const Vec<T> t = exp_nonpositive(neg(abs(m)));
        value = log1p_unit(t) + positive_part(neg(m));
        deriv = neg(y) * (select(lt(m, zero<T>()), one, t) / (one + t));
    }

    template <class T>
    static FASTGD_INLINE Vec<T> second(Vec<T> y, Vec<T> raw, T) {
        const Vec<T> t = exp_nonpositive(neg(abs(y * raw)));
        const Vec<T> s = set1<T>(T(1)) + t;
        return t / (s * s);
    }
};

}  // namespace
}  // namespace fastgd
