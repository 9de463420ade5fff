#pragma once

#include <functional>
#include <span>

#include "objectives/parameter_map.hpp"
#include "objectives/problem.hpp"

namespace fastgd {

// LinearObjective::duality_gap.
template <class T>
double duality_gap(const Problem<T>& problem, const LinearOptions& options, const ParameterMap& map,
                   std::span<const double> w, int n_threads, const std::function<void()>& poll);

}  // namespace fastgd
