#pragma once

#include <functional>

#include "objectives/linear_problem.hpp"
#include "objectives/parameter_map.hpp"

namespace fastgd {

// LinearObjective::row_moments.
template <class T>
RowMoments row_moments(const LinearProblem<T>& problem, const ParameterMap& map);

// LinearObjective::max_square_norm.
template <class T>
double max_square_norm(const LinearProblem<T>& problem, const ParameterMap& map, int n_threads,
                       const std::function<void()>& poll);

}  // namespace fastgd
