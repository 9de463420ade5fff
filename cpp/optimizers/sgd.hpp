#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// v = momentum v + (1 - dampening) g (v = g at the first step); w -= lr (nesterov ? g + momentum v : v)
// Sutskever et al. 2013, in the form PyTorch gives it. The l1 norm's proximal step is as long as this one, lr times
// what v, or g + momentum v, is for gradients of 1: a shorter one would come to rest away from the minimum.
template <class T>
struct Sgd {
    static void prepare(const StepInput& in, double* memory, double* coef) {
        coef[0] = in.lr;
        coef[1] = in.hyper[0];
        coef[2] = 1.0 - in.hyper[1];
        coef[3] = in.hyper[2];
        coef[4] = in.step == 0;
        double& gain = memory[0];
        gain = in.step == 0 ? 1.0 : coef[1] * gain + coef[2];
        coef[5] = in.lr * (coef[3] != 0.0 ? 1.0 + coef[1] * gain : gain);
    }
    // Without momentum.
    static bool exact(const double* hyper, double, double) { return hyper[0] == 0.0; }
    static double catch_up(const Idle& from, const Idle& to, double w, double*, const double*, double) {
        return to.scale * soft_threshold(w / from.scale, to.threshold - from.threshold);
    }
    static constexpr OptimizerInfo kInfo{.name = "sgd",
                                         .n_slots = 1,
                                         .l1 = L1Step::proximal,
                                         .hyper = {{"momentum", 0.0}, {"dampening", 0.0}, {"nesterov", 0.0}},
                                         .prepare = prepare,
                                         .idle = {exact, never_moves_all, add_shrinking_step, catch_up}};

    Vec<T> lr, momentum, damped, length;
    bool plain, nesterov, first;

    explicit Sgd(const StepContext<T>& c)
        : lr(c[0]),
          momentum(c[1]),
          damped(c[2]),
          length(c[5]),
          plain(c.coef[1] == 0.0),
          nesterov(c.coef[3] != 0.0),
          first(c.coef[4] != 0.0) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>& rate) const {
        rate = plain ? lr : length;
        if (plain) return fnma(lr, g, w);
        const Vec<T> v = first ? g : fma(momentum, load(state[0] + i), damped * g);
        store(state[0] + i, v);
        return fnma(lr, nesterov ? fma(momentum, v, g) : v, w);
    }
};

}  // namespace
}  // namespace fastgd
