#pragma once

#include <functional>
#include <span>

#include "objectives/linear_problem.hpp"
#include "objectives/parameter_map.hpp"

namespace fastgd {

// LinearObjective::duality_gap.
template <class T>
double duality_gap(const LinearProblem<T>& problem, const LinearOptions& options, const ParameterMap& map,
                   std::span<const double> w, int n_threads, const std::function<void()>& poll);

}  // namespace fastgd
