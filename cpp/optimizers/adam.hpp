#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2 (amsgrad: its largest value so far)
// w -= lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps), t = 1, 2, ...
// Kingma and Ba 2015; Reddi, Kale and Kumar 2018 (amsgrad).
template <class T>
struct Adam {
    static void prepare(const StepInput& in, double* memory, double* coef) {
        const double beta1 = in.hyper[0];
        const double beta2 = in.hyper[1];
        const double power1 = next_power(beta1, in.step, memory[0]);
        const double power2 = next_power(beta2, in.step, memory[1]);
        coef[0] = in.lr / (1.0 - power1);
        coef[1] = beta1;
        coef[2] = 1.0 - beta1;
        coef[3] = beta2;
        coef[4] = 1.0 - beta2;
        coef[5] = 1.0 / __builtin_sqrt(1.0 - power2);
        coef[6] = in.hyper[2];
        coef[7] = in.hyper[3];
    }
    static constexpr OptimizerInfo kInfo{
        "adam", 3, L1Step::refused, {{"beta1", 0.9}, {"beta2", 0.999}, {"eps", 1e-8}, {"amsgrad", 0.0}}, prepare};

    Vec<T> lr, beta1, rest1, beta2, rest2, correction, eps;
    bool amsgrad;

    explicit Adam(const StepContext<T>& c)
        : lr(c[0]),
          beta1(c[1]),
          rest1(c[2]),
          beta2(c[3]),
          rest2(c[4]),
          correction(c[5]),
          eps(c[6]),
          amsgrad(c.coef[7] != 0.0) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>&) const {
        const Vec<T> m = moving_average(beta1, load(state[0] + i), rest1, g);
        Vec<T> v = moving_average(beta2, load(state[1] + i), rest2, g * g);
        store(state[0] + i, m);
        store(state[1] + i, v);
        if (amsgrad) {
            v = max(load(state[2] + i), v);
            store(state[2] + i, v);
        }
        return fnma(lr, m / fma(sqrt(v), correction, eps), w);
    }
};

}  // namespace
}  // namespace fastgd
