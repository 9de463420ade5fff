#pragma once

#include <functional>
#include <span>

#include "fastgd/matrix_view.hpp"

namespace fastgd {

// The raw scores X coef^T + intercept of a linear model on any rows, without an objective: n_rows x n_outputs, in C
// order, doubles where X is float64 and floats otherwise, with the bits of LinearObjective::decision_function. `coef`
// is n_outputs x n_features, in C order; float and double parameters are converted to the type of the scores.
// n_threads 0 is the default number. `poll` is as in LinearObjective::value.
// Throws std::invalid_argument for sizes that do not fit, NonFiniteError where a score is not finite.
template <class Param>
void linear_scores(const MatrixView& X, std::span<const Param> coef, std::span<const Param> intercept, void* out,
                   int n_threads = 0, const std::function<void()>& poll = {});

extern template void linear_scores(const MatrixView&, std::span<const float>, std::span<const float>, void*, int,
                                   const std::function<void()>&);
extern template void linear_scores(const MatrixView&, std::span<const double>, std::span<const double>, void*, int,
                                   const std::function<void()>&);

}  // namespace fastgd
