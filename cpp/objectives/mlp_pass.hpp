#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <vector>

#include "objectives/dropout.hpp"
#include "objectives/full_pass.hpp"
#include "objectives/mlp_shape.hpp"
#include "objectives/parameters.hpp"

namespace fastgd {

// A perceptron on its data.
template <class T>
struct MlpProblem {
    Problem<T> data;
    MlpShape<T> shape;
    ActivationKernel<T> activation;

    // The data as a model sees them that holds out a fold.
    Problem<T> seen_by(int model) const {
        Problem<T> seen = data;
        if (seen.fold_of_model != nullptr) seen.fold_of_model += model;
        return seen;
    }
    // Multiply-adds for a row, forward and back.
    std::int64_t row_work() const { return 3 * shape.size(); }
};

// Threads worth having for so many rows: each needs work that outweighs waiting for others.
template <class T>
std::int64_t mlp_threads(const MlpProblem<T>& problem, std::int64_t n_rows, int asked) {
    constexpr std::int64_t kWork = 1 << 22;
    return std::clamp<std::int64_t>(n_rows * problem.row_work() / kWork, 1, asked);
}

// The same for a team on one batch, of which none is without a panel in every layer.
template <class T>
int mlp_team(const MlpProblem<T>& problem, std::int64_t n_rows, int asked) {
    std::int64_t team = mlp_threads(problem, n_rows, asked);
    for (const auto& layer : problem.shape.hidden()) team = std::min<std::int64_t>(team, layer.n_panels());
    return static_cast<int>(team);
}

// Multiply-adds between two looks at a clock or for Ctrl-C: about 20 ms of one thread.
inline constexpr std::int64_t kMlpStretch = std::int64_t{1} << 29;

// A stretch of a gradient into that of all parameters; leaves zeros behind.
template <class T>
void move_to(T* grad, const Stretch& stretch, T* part) {
    const std::ptrdiff_t n = stretch.end - stretch.begin;
    std::copy_n(part, n, grad + stretch.begin);
    std::fill_n(part, n, T(0));
}

// Losses, and gradients where wanted, of all models, each a row of `params`, over the given rows: `coef` of the result
// has the gradients, models one after the other, laid out as parameters are. `masks`: none, or one a model. `poll` is
// called on the calling thread between parallel regions; what it throws ends the pass.
template <class T>
PassSums mlp_pass(const MlpProblem<T>& problem, const Parameters<T>& params, const RowSource& rows, bool want_gradient,
                  int n_threads, const std::function<void()>& poll = {}, std::span<const DropoutStep> masks = {});

// Raw scores of one model, n_rows x n_outputs in C order. False where one is not finite, or a unit before its
// activation: then the scores of that row are NaN.
template <class T>
bool mlp_raw_scores(const MlpProblem<T>& problem, const T* params, const RowSource& rows, int n_threads, T* out,
                    const std::function<void()>& poll = {});

}  // namespace fastgd
