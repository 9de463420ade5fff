#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// s += g^2; w -= lr / (1 + step lr_decay) g / (sqrt(s) + eps)
// Duchi, Hazan and Singer 2011, in the form PyTorch gives it.
template <class T>
struct Adagrad {
    static void prepare(const StepInput& in, double*, double* coef) {
        coef[0] = in.lr / (1.0 + static_cast<double>(in.step) * in.hyper[0]);
        coef[1] = in.hyper[1];
        coef[2] = in.hyper[2];
        coef[3] = in.step == 0;
    }
    static constexpr OptimizerInfo kInfo{"adagrad",
                                         1,
                                         L1Step::proximal,
                                         {{"lr_decay", 0.0}, {"initial_accumulator_value", 0.0}, {"eps", 1e-10}},
                                         prepare};

    Vec<T> lr, initial, eps;
    bool first;

    explicit Adagrad(const StepContext<T>& c) : lr(c[0]), initial(c[1]), eps(c[2]), first(c.coef[3] != 0.0) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>& rate) const {
        const Vec<T> s = fma(g, g, first ? initial : load(state[0] + i));
        store(state[0] + i, s);
        rate = lr / (sqrt(s) + eps);
        return fnma(rate, g, w);
    }
};

}  // namespace
}  // namespace fastgd
