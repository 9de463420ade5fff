#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// sum over j != y of max(0, s_j - s_y + 1)   (Weston and Watkins 1999)
struct MulticlassHinge {
    // The largest number of margins one score can enter is n_classes - 1; each is piecewise linear.
    static constexpr LossInfo kInfo{"multiclass_hinge", LossKind::multiclass, 0.0};

    template <class T, class S>
    static FASTGD_INLINE void eval(const S& scores, Vec<T> y, T, Vec<T>& value) {
        const Vec<T> one = set1<T>(T(1));
        const Vec<T> o = zero<T>();
        const Vec<T> own = own_score<T>(scores, y);
        Vec<T> violations = o;
        value = o;
        for (int k = 0; k < scores.n_classes; ++k) {
            const Vec<T> margin = scores.raw(k) - own + one;
            const Mask<T> active = lt(o, margin) & !eq(y, set1<T>(T(k)));
            value = value + select(active, margin, o);
            const Vec<T> d = select(active, one, o);
            violations = violations + d;
            scores.set_scratch(k, d);
        }
        for (int k = 0; k < scores.n_classes; ++k) {
            scores.set_deriv(k, select(eq(y, set1<T>(T(k))), neg(violations), scores.scratch(k)));
        }
    }
};

}  // namespace
}  // namespace fastgd
