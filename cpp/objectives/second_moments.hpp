#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "objectives/linear_problem.hpp"
#include "objectives/standard.hpp"

namespace fastgd {

// sum s z z^T / sum s over the rows outside of `fold`, z being a row as the model sees it: standardised where
// `standard` is not null, and with a 1 at its end for an intercept. n x n in C order, of which only the lower triangle
// is there. One pass over the data, of n multiply-adds an element; `poll` is called as by `for_each_block`.
template <class T>
std::vector<double> second_moments(const LinearProblem<T>& problem, const Standard* standard, bool fit_intercept,
                                   int fold, int n_threads, const std::function<void()>& poll);

}  // namespace fastgd
