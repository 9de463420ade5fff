#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// s = rho s + (1 - rho) g^2; centered: a = rho a + (1 - rho) g, and s - a^2 in the place of s;
// d = g / (sqrt(s) + eps); with momentum d = b = momentum b + d; w -= lr d
// Hinton 2012 (lecture 6e), Graves 2013 (centered), in the form PyTorch gives it.
template <class T>
struct RmsProp {
    static void prepare(const StepInput& in, double*, double* coef) {
        coef[0] = in.lr;
        coef[1] = in.hyper[0];
        coef[2] = 1.0 - in.hyper[0];
        for (int i = 1; i < 4; ++i) coef[i + 2] = in.hyper[i];
    }
    static constexpr OptimizerInfo kInfo{
        "rmsprop", 3, L1Step::proximal, {{"rho", 0.99}, {"eps", 1e-8}, {"momentum", 0.0}, {"centered", 0.0}}, prepare};

    Vec<T> lr, rho, rest, eps, momentum;
    bool with_momentum, centered;

    explicit RmsProp(const StepContext<T>& c)
        : lr(c[0]),
          rho(c[1]),
          rest(c[2]),
          eps(c[3]),
          momentum(c[4]),
          with_momentum(c.coef[4] != 0.0),
          centered(c.coef[5] != 0.0) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>& rate) const {
        Vec<T> s = moving_average(rho, load(state[0] + i), rest, g * g);
        store(state[0] + i, s);
        if (centered) {
            const Vec<T> a = moving_average(rho, load(state[1] + i), rest, g);
            store(state[1] + i, a);
            s = max(fnma(a, a, s), zero<T>());
        }
        const Vec<T> scale = sqrt(s) + eps;
        if (with_momentum) {
            const Vec<T> b = fma(momentum, load(state[2] + i), g / scale);
            store(state[2] + i, b);
            return fnma(lr, b, w);
        }
        rate = lr / scale;
        return fnma(rate, g, w);
    }
};

}  // namespace
}  // namespace fastgd
