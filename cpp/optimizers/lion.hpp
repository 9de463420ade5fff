#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// w -= lr (sign(beta1 m + (1 - beta1) g) + weight_decay w), the decay for weights alone; m = beta2 m + (1 - beta2) g
// Chen et al. 2023.
template <class T>
struct Lion {
    static void prepare(const StepInput& in, double*, double* coef) {
        coef[0] = in.lr;
        for (int i = 0; i < 2; ++i) {
            coef[1 + 2 * i] = in.hyper[i];
            coef[2 + 2 * i] = 1.0 - in.hyper[i];
        }
        coef[5] = in.lr * in.hyper[2];
    }
    static constexpr OptimizerInfo kInfo{
        "lion", 1, L1Step::refused, {{"beta1", 0.9}, {"beta2", 0.99}, {"weight_decay", 0.0}}, prepare};

    Vec<T> lr, beta1, rest1, beta2, rest2, decay;

    explicit Lion(const StepContext<T>& c)
        : lr(c[0]), beta1(c[1]), rest1(c[2]), beta2(c[3]), rest2(c[4]), decay(c.weights ? c[5] : zero<T>()) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>&) const {
        const Vec<T> m = load(state[0] + i);
        const Vec<T> d = moving_average(beta1, m, rest1, g);
        store(state[0] + i, moving_average(beta2, m, rest2, g));
        const Vec<T> o = zero<T>();
        const Vec<T> move = select(lt(o, d), lr, select(lt(d, o), neg(lr), o));
        return fnma(decay, w, w) - move;
    }
};

}  // namespace
}  // namespace fastgd
