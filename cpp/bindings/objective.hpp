#pragma once

#include <optional>

#include "bindings/bindings.hpp"
#include "fastgd/linear_objective.hpp"

namespace fastgd::bindings {

// The core's objective, and the arrays it reads from.
struct Objective {
    py::array X;
    py::array y;
    std::optional<py::array> sample_weight;
    std::optional<py::array> offset;
    LinearObjective core;
};

}  // namespace fastgd::bindings
