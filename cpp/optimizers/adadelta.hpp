#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// s = rho s + (1 - rho) g^2; d = sqrt(u + eps) / sqrt(s + eps) g; u = rho u + (1 - rho) d^2; w -= lr d
// Zeiler 2012.
template <class T>
struct Adadelta {
    static void prepare(const StepInput& in, double*, double* coef) {
        coef[0] = in.lr;
        coef[1] = in.hyper[0];
        coef[2] = 1.0 - in.hyper[0];
        coef[3] = in.hyper[1];
    }
    static constexpr OptimizerInfo kInfo{"adadelta", 2, L1Step::refused, {{"rho", 0.9}, {"eps", 1e-6}}, prepare};

    Vec<T> lr, rho, rest, eps;

    explicit Adadelta(const StepContext<T>& c) : lr(c[0]), rho(c[1]), rest(c[2]), eps(c[3]) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>&) const {
        const Vec<T> s = moving_average(rho, load(state[0] + i), rest, g * g);
        const Vec<T> u = load(state[1] + i);
        const Vec<T> d = sqrt(u + eps) / sqrt(s + eps) * g;
        store(state[0] + i, s);
        store(state[1] + i, moving_average(rho, u, rest, d * d));
        return fnma(lr, d, w);
    }
};

}  // namespace
}  // namespace fastgd
