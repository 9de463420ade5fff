#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "objectives/problem.hpp"
#include "objectives/standard.hpp"

namespace fastgd {

// sum s z z^T / sum s over rows outside of `fold`, z being a row as the model sees it: standardised where `standard` is
// not null, and with a 1 at its end for an intercept. n x n in C order, of which only the lower triangle is there. Of
// many rows it takes one from each of 16 n stretches, 2048 at least; a column that is 0 in all of them has the mean of
// the diagonal divided by their number in the place of 0, which it may not be elsewhere. `poll` is called as by
// `for_each_block`.
template <class T>
std::vector<double> second_moments(const Problem<T>& problem, const Standard* standard, bool fit_intercept, int fold,
                                   int n_threads, const std::function<void()>& poll);

}  // namespace fastgd
