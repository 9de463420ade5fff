#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// w -= lr g; from step average_from on (counted from 1) the mean of the iterates after each step is reported.
// Polyak and Juditsky 1992, as scikit-learn's `average` counts.
template <class T>
struct Asgd : GradientStep<T> {
    static void prepare(const StepInput& in, double*, double* coef) {
        coef[0] = in.lr;
        const double since = static_cast<double>(in.step + 1) - in.hyper[0];
        coef[1] = since < 0.0 ? 1.0 : 1.0 / (since + 1.0);
    }
    static constexpr OptimizerInfo kInfo{"asgd",  1, L1Step::proximal, {{"average_from", 1.0}},
                                         prepare, 0, nullptr,          true};

    Vec<T> share;

    explicit Asgd(const StepContext<T>& c) : GradientStep<T>(c), share(c[1]) {}

    FASTGD_INLINE void after(Vec<T> w, T* const* state, std::ptrdiff_t i) const {
        const Vec<T> mean = load(state[0] + i);
        store(state[0] + i, fma(share, w - mean, mean));
    }
    static FASTGD_INLINE Vec<T> solution(Vec<T>, T* const* state, std::ptrdiff_t i) { return load(state[0] + i); }
};

}  // namespace
}  // namespace fastgd
