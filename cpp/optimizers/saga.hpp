#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// With g the batch's gradient less what the table has for its rows, and a the table's mean gradient:
// w -= lr (g + a); a += |B| / n g
// Defazio, Bach and Lacoste-Julien 2014. The table, one number a row and output, is the objective's.
template <class T>
struct Saga {
    static void prepare(const StepInput& in, double*, double* coef) {
        coef[0] = in.lr;
        coef[1] = in.share;
    }
    static constexpr OptimizerInfo kInfo{"saga",  1,     L1Step::proximal, {}, prepare, 0,
                                         nullptr, false, Table::every_step};

    Vec<T> lr, share;

    explicit Saga(const StepContext<T>& c) : lr(c[0]), share(c[1]) {}

    FASTGD_INLINE Vec<T> correct(Vec<T> g, T* const* state, std::ptrdiff_t i) const {
        const Vec<T> mean = load(state[0] + i);
        store(state[0] + i, fma(share, g, mean));
        return g + mean;
    }
    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const*, std::ptrdiff_t, Vec<T>& rate) const {
        rate = lr;
        return fnma(lr, g, w);
    }
};

}  // namespace
}  // namespace fastgd
