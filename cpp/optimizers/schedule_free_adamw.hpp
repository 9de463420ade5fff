#pragma once

#include "optimizers/schedule_free.hpp"

namespace fastgd {
namespace {

// v = beta2 v + (1 - beta2) g(y)^2; z -= lr (g(y) / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay y), the decay for
// weights alone; x and y as in schedule_free.hpp
template <class T>
struct ScheduleFreeAdamW : ScheduleFree<T> {
    static void prepare(const StepInput& in, double* memory, double* coef) {
        const double power2 = next_power(in.hyper[1], in.step, memory[2]);
        coef[0] = in.hyper[0];
        coef[1] = 1.0 - in.hyper[0];
        coef[2] = schedule_free_share(in.lr, in.hyper[4], in.step, memory);
        coef[3] = in.step == 0;
        coef[4] = in.lr;
        coef[5] = in.hyper[1];
        coef[6] = 1.0 - in.hyper[1];
        coef[7] = 1.0 / __builtin_sqrt(1.0 - power2);
        coef[8] = in.hyper[2];
        coef[9] = in.lr * in.hyper[3];
    }
    static constexpr OptimizerInfo kInfo{
        "schedule_free_adamw",
        3,
        L1Step::refused,
        {{"beta1", 0.9}, {"beta2", 0.999}, {"eps", 1e-8}, {"weight_decay", 0.0}, {"weight_lr_power", 2.0}},
        prepare,
        0,
        nullptr,
        true};

    Vec<T> lr, beta2, rest2, correction, eps, decay;

    explicit ScheduleFreeAdamW(const StepContext<T>& c)
        : ScheduleFree<T>{c[0], c[1], c[2], c.coef[3] != 0.0},
          lr(c[4]),
          beta2(c[5]),
          rest2(c[6]),
          correction(c[7]),
          eps(c[8]),
          decay(c.weights ? c[9] : zero<T>()) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>&) const {
        const Vec<T> v = moving_average(beta2, load(state[2] + i), rest2, g * g);
        store(state[2] + i, v);
        const Vec<T> z = fnma(lr, g / fma(sqrt(v), correction, eps), this->z(w, state, i));
        return this->average(w, fnma(decay, w, z), state, i);
    }
};

}  // namespace
}  // namespace fastgd
