#pragma once

#include <memory>
#include <vector>

#include "descent/run.hpp"
#include "fastgd/linear_objective.hpp"

namespace fastgd {

// What may differ between the models of one run, beside their start.
struct ModelSettings {
    int n_models;
    int optimizer;
    // [model][kMaxHyper]
    std::vector<double> hyper;
    std::vector<double> alpha;
    std::vector<double> l1_ratio;
};

std::unique_ptr<Run> start_run(const LinearObjective& objective, ModelSettings settings, std::int64_t batch_size,
                               int n_threads);

}  // namespace fastgd
