#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "objectives/density_pass.hpp"

namespace fastgd {

// DensityObjective::initial.
template <class T>
std::vector<double> density_start(const DensityProblem<T>& problem, std::uint64_t seed, int n_threads,
                                  const std::function<void()>& poll);

}  // namespace fastgd
