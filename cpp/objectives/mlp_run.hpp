#pragma once

#include <memory>

#include "descent/run.hpp"
#include "objectives/mlp_pass.hpp"

namespace fastgd {

// All models of `settings` on the same rows.
template <class T>
std::unique_ptr<Run> make_mlp_run(const MlpProblem<T>& problem, double dropout, ModelSettings settings);

}  // namespace fastgd
