#pragma once

#include "optimizers/optimizer.hpp"
#include "runtime/scalar_math.hpp"

namespace fastgd {
namespace {

// mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2), t = 1, 2, ...; m and v as Adam's, d = sqrt(v / (1 - beta2^t)) + eps
// w -= lr ((1 - mu_t) / (1 - prod_{s<=t} mu_s) g + mu_{t+1} / (1 - prod_{s<=t+1} mu_s) m) / d
// Dozat 2016, in the form PyTorch gives it.
template <class T>
struct NAdam {
    static double momentum_at(const StepInput& in, std::int64_t t) {
        return in.hyper[0] * (1.0 - 0.5 * scalar::pow(0.96, static_cast<double>(t) * in.hyper[3]));
    }
    static void prepare(const StepInput& in, double* memory, double* coef) {
        const double mu = momentum_at(in, in.step + 1);
        const double mu_next = momentum_at(in, in.step + 2);
        const double product = memory[0] = in.step == 0 ? mu : memory[0] * mu;
        const double power2 = next_power(in.hyper[1], in.step, memory[1]);
        coef[0] = in.lr * (1.0 - mu) / (1.0 - product);
        coef[1] = in.lr * mu_next / (1.0 - product * mu_next);
        for (int i = 0; i < 2; ++i) {
            coef[2 + 2 * i] = in.hyper[i];
            coef[3 + 2 * i] = 1.0 - in.hyper[i];
        }
        coef[6] = 1.0 / __builtin_sqrt(1.0 - power2);
        coef[7] = in.hyper[2];
    }
    static constexpr OptimizerInfo kInfo{"nadam",
                                         2,
                                         L1Step::refused,
                                         {{"beta1", 0.9}, {"beta2", 0.999}, {"eps", 1e-8}, {"momentum_decay", 4e-3}},
                                         prepare};

    Vec<T> by_grad, by_mean, beta1, rest1, beta2, rest2, correction, eps;

    explicit NAdam(const StepContext<T>& c)
        : by_grad(c[0]),
          by_mean(c[1]),
          beta1(c[2]),
          rest1(c[3]),
          beta2(c[4]),
          rest2(c[5]),
          correction(c[6]),
          eps(c[7]) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>&) const {
        const Vec<T> m = moving_average(beta1, load(state[0] + i), rest1, g);
        const Vec<T> v = moving_average(beta2, load(state[1] + i), rest2, g * g);
        store(state[0] + i, m);
        store(state[1] + i, v);
        return w - fma(by_grad, g, by_mean * m) / fma(sqrt(v), correction, eps);
    }
};

}  // namespace
}  // namespace fastgd
