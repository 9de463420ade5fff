#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "objectives/block_pass.hpp"
#include "objectives/parameters.hpp"
#include "objectives/problem.hpp"
#include "objectives/row_block.hpp"

namespace fastgd {

// Sums over rows, not yet divided by the sum of weights.
struct PassSums {
    double weight = 0.0;
    std::int64_t n_present = 0;
    // Of the rows that a model sees that holds out a fold.
    std::vector<double> fold_weight;
    std::vector<double> loss;
    // Whether all raw scores of a model were finite. (An array, as vector<bool> has no addresses.)
    std::unique_ptr<bool[]> finite;
    // Shaped like Parameters: n_scores rows of `stride` coefficients, and one intercept a score. Of perceptrons the
    // first one is all there is.
    AlignedBuffer<double> coef;
    AlignedBuffer<double> intercept;

    explicit PassSums(int n_models = 0, int n_folds = 0)
        : fold_weight(static_cast<std::size_t>(n_folds)),
          loss(static_cast<std::size_t>(n_models)),
          finite(std::make_unique<bool[]>(loss.size())) {
        std::fill_n(finite.get(), n_models, true);
    }

    double weight_of(int fold) const { return fold == kNoFold ? weight : fold_weight[static_cast<std::size_t>(fold)]; }
};

// A model's gradient as flat parameters, divided by `weight`.
template <class T>
void write_gradient(const PassSums& sums, const Parameters<T>& shape, int m, double weight, double* grad) {
    const std::ptrdiff_t first = std::ptrdiff_t{m} * shape.n_outputs;
    for (std::ptrdiff_t s = first; s < first + shape.n_outputs; ++s)
        for (std::ptrdiff_t j = 0; j < shape.n_features; ++j)
            *grad++ = sums.coef[static_cast<std::size_t>(s * shape.stride + j)] / weight;
    for (std::ptrdiff_t s = first; shape.has_intercept && s < first + shape.n_outputs; ++s)
        *grad++ = sums.intercept[static_cast<std::size_t>(s)] / weight;
}

// Loss, and gradient where wanted, of all models over the given rows, each row read from memory once. `poll` is called
// on the calling thread some tens of milliseconds apart, outside of parallel regions; what it throws ends the pass.
template <class T>
PassSums full_pass(const Problem<T>& problem, const Parameters<T>& parameters, const RowSource& rows,
                   bool want_gradient, int n_threads, const std::function<void()>& poll = {});

// The product of the loss's Hessian at the first of two models with the second one, in the place of the gradient of one
// model. `finite` tells of the scores of both.
template <class T>
PassSums hessian_pass(const Problem<T>& problem, const Parameters<T>& point_and_direction, const RowSource& rows,
                      int n_threads, const std::function<void()>& poll = {});

// Raw scores of one model's parameters, n_rows x n_outputs in C order; whether all of them are finite. `poll` as above.
template <class T>
bool raw_scores(const Problem<T>& problem, const Parameters<T>& parameters, const RowSource& rows, int n_threads,
                T* out, const std::function<void()>& poll = {});

}  // namespace fastgd
