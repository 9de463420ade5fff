#pragma once

#include <functional>

#include "objectives/parameter_map.hpp"
#include "objectives/problem.hpp"

namespace fastgd {

// LinearObjective::row_moments.
template <class T>
RowMoments row_moments(const Problem<T>& problem, const ParameterMap& map, const std::function<void()>& poll);

// LinearObjective::max_square_norm.
template <class T>
double max_square_norm(const Problem<T>& problem, const ParameterMap& map, int n_threads,
                       const std::function<void()>& poll);

}  // namespace fastgd
