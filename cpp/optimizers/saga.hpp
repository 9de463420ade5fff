#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// With g the batch's gradient less what the table has for its rows, and a the table's mean gradient:
// w -= lr (g + a); a += |B| / n g
// Defazio, Bach and Lacoste-Julien 2014. The table, one number a row and output, is the objective's.
template <class T>
struct Saga : GradientStep<T> {
    static void prepare(const StepInput& in, double*, double* coef) {
        coef[0] = in.lr;
        coef[1] = in.share;
    }
    static constexpr OptimizerInfo kInfo{"saga",  1,     L1Step::proximal, {}, prepare, 0,
                                         nullptr, false, Table::every_step};

    Vec<T> share;

    explicit Saga(const StepContext<T>& c) : GradientStep<T>(c), share(c[1]) {}

    FASTGD_INLINE Vec<T> correct(Vec<T> g, T* const* state, std::ptrdiff_t i) const {
        const Vec<T> mean = load(state[0] + i);
        store(state[0] + i, fma(share, g, mean));
        return g + mean;
    }
};

}  // namespace
}  // namespace fastgd
