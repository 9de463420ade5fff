#pragma once

#include <cstddef>

#include "descent/run.hpp"
#include "fastgd/minimize.hpp"
#include "fastgd/objective.hpp"
#include "fastgd/optimizer_info.hpp"

namespace fastgd {

const OptimizerInfo& optimizer_of(const DescentOptions& options);

// What a run is to know of its models. Throws std::invalid_argument for options that are not allowed, alone or beside
// each other.
ModelSettings make_settings(const Objective& objective, const DescentOptions& options, std::size_t n_models,
                            int n_folds);

}  // namespace fastgd
