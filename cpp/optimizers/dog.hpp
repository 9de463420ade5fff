#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// r = max over steps of ||w - w0||, at least reps_rel (1 + ||w0||); G = sum over steps of ||g||^2
// w -= lr r / sqrt(G + eps) g
// Ivgi, Hinder and Carmon 2023.
template <class T>
struct DoG : GradientStep<T> {
    static void prepare(const StepInput& in, double*, double* coef) {
        coef[0] = 0.0;
        coef[1] = in.step == 0;
    }
    static void conclude(const StepInput& in, double* memory, double* coef) {
        const double size = __builtin_sqrt(in.sums[0]);
        if (in.step == 0) {
            memory[0] = in.hyper[0] * (1.0 + size);
            memory[1] = 0.0;
        } else if (size > memory[0]) {
            memory[0] = size;
        }
        memory[1] += in.sums[1];
        coef[0] = in.lr * memory[0] / __builtin_sqrt(memory[1] + in.hyper[1]);
    }
    static constexpr OptimizerInfo kInfo{"dog",   1, L1Step::proximal, {{"reps_rel", 1e-6}, {"eps", 1e-8}},
                                         prepare, 2, conclude};

    bool first;

    explicit DoG(const StepContext<T>& c) : GradientStep<T>(c), first(c.coef[1] != 0.0) {}

    // At the first step the size of w0, then the distance from it.
    FASTGD_INLINE void measure(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>* sums) const {
        const Vec<T> from_start = first ? w : w - load(state[0] + i);
        if (first) store(state[0] + i, w);
        sums[0] = fma(from_start, from_start, sums[0]);
        sums[1] = fma(g, g, sums[1]);
    }
};

}  // namespace
}  // namespace fastgd
