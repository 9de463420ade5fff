#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// eta = lr / (beta + sqrt(n)); n += g^2; z += g - (1/eta - 1/eta before) w; w = -eta soft(z, t l1), t = 1, 2, ...
// The l1 norm of every step counts, so that it is that of the objective. A start w other than 0 is z = -w / eta. A step
// of lr = 0, which a schedule may end with, is none.
// McMahan et al. 2013.
template <class T>
struct Ftrl {
    enum Memory { kInverseLr, kSteps };

    static void prepare(const StepInput& in, double* memory, double* coef) {
        const bool none = in.lr == 0.0;
        const bool first = memory[kSteps] == 0.0;
        coef[0] = none ? memory[kInverseLr] : 1.0 / in.lr;
        coef[1] = first ? coef[0] : memory[kInverseLr];
        coef[2] = in.hyper[0];
        coef[3] = memory[kSteps] += none ? 0.0 : 1.0;
        coef[4] = first && !none;
        coef[5] = none;
        memory[kInverseLr] = coef[0];
    }
    // An l2 penalty's gradients would add up in n, and another rate changes z where the l1 norm holds w.
    static bool exact(const double*, double l2, double) { return l2 == 0.0; }
    static bool moves_all(const double* coef, double) { return coef[4] != 0.0 || coef[0] != coef[1]; }
    static void add(Idle& sums, const double* coef, double, double l1) {
        if (coef[5] == 0.0) sums.threshold += l1;
    }
    static double catch_up(const Idle&, const Idle&, double, double* state, const double* coef, double l1) {
        return -soft_threshold(state[0], coef[3] * l1) / ((coef[2] + __builtin_sqrt(state[1])) * coef[0]);
    }
    static constexpr OptimizerInfo kInfo{.name = "ftrl",
                                         .n_slots = 2,
                                         .l1 = L1Step::own,
                                         .hyper = {{"beta", 1.0}},
                                         .prepare = prepare,
                                         .idle = {exact, moves_all, add, catch_up}};

    Vec<T> inverse_lr, inverse_before, beta, threshold;
    bool first, none;

    explicit Ftrl(const StepContext<T>& c)
        : inverse_lr(c[0]),
          inverse_before(c[1]),
          beta(c[2]),
          threshold(c[3] * set1<T>(c.l1)),
          first(c.coef[4] != 0.0),
          none(c.coef[5] != 0.0) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>&) const {
        if (none) return w;
        const Vec<T> before = load(state[1] + i);
        const Vec<T> n = fma(g, g, before);
        const Vec<T> inverse_eta = (beta + sqrt(n)) * inverse_lr;
        const Vec<T> inverse_eta_before = (beta + sqrt(before)) * inverse_before;
        Vec<T> z = first ? neg(w) * inverse_eta_before : load(state[0] + i);
        z = z + fnma(inverse_eta - inverse_eta_before, w, g);
        store(state[0] + i, z);
        store(state[1] + i, n);
        const Vec<T> o = zero<T>();
        const Vec<T> shrunk = select(lt(threshold, z), z - threshold, select(lt(z, neg(threshold)), z + threshold, o));
        return o - shrunk / inverse_eta;
    }
};

}  // namespace
}  // namespace fastgd
