#pragma once

#include "objectives/linear_problem.hpp"
#include "objectives/parameter_map.hpp"

namespace fastgd {

// LinearObjective::row_moments.
template <class T>
RowMoments row_moments(const LinearProblem<T>& problem, const ParameterMap& map);

}  // namespace fastgd
