#pragma once

#include <functional>
#include <span>

#include "objectives/linear_problem.hpp"
#include "objectives/parameters.hpp"

namespace fastgd {

// LinearObjective::duality_gap; `w` are the parameters once more, flat and not rounded.
template <class T>
double duality_gap(const LinearProblem<T>& problem, const LinearOptions& options, const Parameters<T>& parameters,
                   std::span<const double> w, int n_threads, const std::function<void()>& poll);

}  // namespace fastgd
