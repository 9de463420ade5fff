#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// With g the batch's gradient less that at a snapshot of w, and a the gradient of all rows there: w -= lr (g + a)
// Johnson and Zhang 2013. The objective takes the snapshot at the beginning of every update_every-th epoch, as a table
// of one number a row and output.
template <class T>
struct Svrg : GradientStep<T> {
    static void prepare(const StepInput& in, double*, double* coef) { coef[0] = in.lr; }
    static constexpr OptimizerInfo kInfo{"svrg",  1,     L1Step::proximal, {{"update_every", 1.0}}, prepare, 0,
                                         nullptr, false, Table::snapshots};

    explicit Svrg(const StepContext<T>& c) : GradientStep<T>(c) {}

    FASTGD_INLINE Vec<T> correct(Vec<T> g, T* const* state, std::ptrdiff_t i) const { return g + load(state[0] + i); }
};

}  // namespace
}  // namespace fastgd
