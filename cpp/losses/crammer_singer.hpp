#pragma once

#include "losses/loss.hpp"

namespace fastgd {
namespace {

// max(0, 1 + max_{j != y} s_j - s_y)   (Crammer and Singer 2001); of equal scores the lowest class counts
struct CrammerSinger {
    static constexpr LossInfo kInfo{"crammer_singer", LossKind::multiclass, 0.0};

    template <class T, class S>
    static FASTGD_INLINE void eval(const S& scores, Vec<T> y, T, Vec<T>& value) {
        const Vec<T> one = set1<T>(T(1));
        const Vec<T> o = zero<T>();
        Vec<T> own = o;
        Vec<T> rival = set1<T>(T(-kInfinity));
        Vec<T> rival_class = set1<T>(T(-1));
        for (int k = 0; k < scores.n_classes; ++k) {
            const Vec<T> s = scores.raw(k);
            const Vec<T> index = set1<T>(T(k));
            const Mask<T> mine = eq(y, index);
            own = select(mine, s, own);
            const Mask<T> better = lt(rival, s) & !mine;
            rival = select(better, s, rival);
            rival_class = select(better, index, rival_class);
        }
        const Vec<T> margin = one + (rival - own);
        const Mask<T> active = lt(o, margin);
        value = positive_part(margin);
        for (int k = 0; k < scores.n_classes; ++k) {
            const Vec<T> index = set1<T>(T(k));
            const Vec<T> d = select(eq(y, index), neg(one), select(eq(rival_class, index), one, o));
            scores.set_deriv(k, select(active, d, o));
        }
    }
};

}  // namespace
}  // namespace fastgd
