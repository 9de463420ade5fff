#pragma once

#include <memory>

#include "descent/run.hpp"
#include "objectives/problem.hpp"
#include "objectives/standard.hpp"

namespace fastgd {

// All models of `settings` on the same rows. `standard` is that of all rows, null without; `curvature` is for
// Preconditioners. The problem and the standard have to outlive the run.
template <class T>
std::unique_ptr<Run> make_linear_run(const Problem<T>& problem, bool fit_intercept, const Standard* standard,
                                     double curvature, ModelSettings settings, const std::function<void()>& poll);

}  // namespace fastgd
