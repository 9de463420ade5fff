#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// r = d lr sqrt(1 - beta2^t) / (1 - beta1^t), with the estimate d of the distance to the solution;
// m = beta1 m + (1 - beta1) d g; v = beta2 v + (1 - beta2) (d g)^2; s = beta3 s + r d / d0 g (safeguard: d^2 / d0 g)
// a = beta3 a + r d / d0 <g, w0 - w>; d = max(d, d_coef a / ||s||_1)
// w -= r (m / (sqrt(v) + d eps) + weight_decay w), the decay for weights alone. A negative beta3 is sqrt(beta2).
// Mishchenko and Defazio 2024.
template <class T>
struct Prodigy {
    enum Hyper { kBeta1, kBeta2, kBeta3, kEps, kD0, kDCoef, kDecay, kSafeguard };
    enum Memory { kD, kNumerator, kPower1, kPower2 };

    static double beta3(const double* hyper) {
        return hyper[kBeta3] < 0.0 ? __builtin_sqrt(hyper[kBeta2]) : hyper[kBeta3];
    }
    static void prepare(const StepInput& in, double* memory, double* coef) {
        if (in.step == 0) {
            memory[kD] = in.hyper[kD0];
            memory[kNumerator] = 0.0;
        }
        const double d = memory[kD];
        const double power1 = next_power(in.hyper[kBeta1], in.step, memory[kPower1]);
        const double power2 = next_power(in.hyper[kBeta2], in.step, memory[kPower2]);
        const double rate = d * in.lr * __builtin_sqrt(1.0 - power2) / (1.0 - power1);
        coef[0] = rate;
        coef[1] = in.hyper[kBeta1];
        coef[2] = (1.0 - in.hyper[kBeta1]) * d;
        coef[3] = in.hyper[kBeta2];
        coef[4] = (1.0 - in.hyper[kBeta2]) * d * d;
        coef[5] = beta3(in.hyper);
        coef[6] = (in.hyper[kSafeguard] != 0.0 ? d : rate) * d / in.hyper[kD0];
        coef[8] = rate * in.hyper[kDecay];
        coef[9] = in.step == 0;
    }
    static void conclude(const StepInput& in, double* memory, double* coef) {
        const double d = memory[kD];
        memory[kNumerator] = beta3(in.hyper) * memory[kNumerator] + d / in.hyper[kD0] * coef[0] * in.sums[0];
        if (in.sums[1] > 0.0) {
            const double estimate = in.hyper[kDCoef] * memory[kNumerator] / in.sums[1];
            if (estimate > d) memory[kD] = estimate;
        }
        coef[7] = memory[kD] * in.hyper[kEps];
    }
    static constexpr OptimizerInfo kInfo{"prodigy",
                                         4,
                                         L1Step::refused,
                                         {{"beta1", 0.9},
                                          {"beta2", 0.999},
                                          {"beta3", -1.0},
                                          {"eps", 1e-8},
                                          {"d0", 1e-6},
                                          {"d_coef", 1.0},
                                          {"weight_decay", 0.0},
                                          {"safeguard_warmup", 0.0}},
                                         prepare,
                                         2,
                                         conclude};

    Vec<T> rate, beta1, rest1, beta2, rest2, beta3_, to_s, eps, decay;
    bool first;

    explicit Prodigy(const StepContext<T>& c)
        : rate(c[0]),
          beta1(c[1]),
          rest1(c[2]),
          beta2(c[3]),
          rest2(c[4]),
          beta3_(c[5]),
          to_s(c[6]),
          eps(c[7]),
          decay(c.weights ? c[8] : zero<T>()),
          first(c.coef[9] != 0.0) {}

    // Slots m, v, s and w0.
    FASTGD_INLINE void measure(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>* sums) const {
        if (first) store(state[3] + i, w);
        sums[0] = fma(g, load(state[3] + i) - w, sums[0]);
        const Vec<T> s = moving_average(beta3_, load(state[2] + i), to_s, g);
        store(state[0] + i, moving_average(beta1, load(state[0] + i), rest1, g));
        store(state[1] + i, moving_average(beta2, load(state[1] + i), rest2, g * g));
        store(state[2] + i, s);
        sums[1] = sums[1] + abs(s);
    }
    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T>, T* const* state, std::ptrdiff_t i, Vec<T>&) const {
        const Vec<T> move = load(state[0] + i) / (sqrt(load(state[1] + i)) + eps);
        return fnma(rate, move, fnma(decay, w, w));
    }
};

}  // namespace
}  // namespace fastgd
