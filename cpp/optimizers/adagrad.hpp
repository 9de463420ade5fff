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
    // An l2 penalty's gradients would add up in s.
    static bool exact(const double*, double l2, double) { return l2 == 0.0; }
    static bool moves_all(const double* coef, double) { return coef[3] != 0.0; }
    static void add(Idle& sums, const double* coef, double, double l1) { sums.threshold += coef[0] * l1; }
    static double catch_up(const Idle& from, const Idle& to, double w, double* state, const double* coef, double) {
        return soft_threshold(w, (to.threshold - from.threshold) / (__builtin_sqrt(state[0]) + coef[2]));
    }
    static constexpr OptimizerInfo kInfo{
        .name = "adagrad",
        .n_slots = 1,
        .l1 = L1Step::proximal,
        .hyper = {{"lr_decay", 0.0}, {"initial_accumulator_value", 0.0}, {"eps", 1e-10}},
        .prepare = prepare,
        .idle = {exact, moves_all, add, catch_up}};

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
