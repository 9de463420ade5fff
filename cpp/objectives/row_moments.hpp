#pragma once

#include "objectives/linear_problem.hpp"

namespace fastgd {

// LinearObjective::row_moments.
template <class T>
RowMoments row_moments(const LinearProblem<T>& problem);

}  // namespace fastgd
