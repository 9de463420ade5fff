#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fastgd/per_model.hpp"

namespace fastgd {

// A learning rate that changes in time: a named schedule of the library, or functions of the user.
struct ScheduleSpec {
    std::string name = "constant";
    std::vector<PerModel> params{};
    // Whether time is the number of the epoch; else it is that of the optimiser's step. Both count from 0.
    bool by_epoch = false;
    // What "warmup" leads to, in the same time.
    std::shared_ptr<const ScheduleSpec> inner{};
    // In place of a formula: one function for all models, or one a model. `name` is then only what errors call it.
    std::vector<std::function<double(std::int64_t)>> calls{};
};

}  // namespace fastgd
