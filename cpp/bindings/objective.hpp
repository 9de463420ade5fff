#pragma once

#include <optional>

#include "bindings/bindings.hpp"
#include "bindings/matrix.hpp"
#include "fastgd/linear_objective.hpp"

namespace fastgd::bindings {

// The core's objective, and the arrays it reads from.
struct Objective final : AnyObjective {
    Matrix X;
    py::array y;
    std::optional<py::array> sample_weight;
    std::optional<py::array> offset;
    LinearObjective core;

    Objective(Matrix of_X, py::array of_y, std::optional<py::array> weights, std::optional<py::array> offsets,
              LinearObjective made)
        : X(std::move(of_X)),
          y(std::move(of_y)),
          sample_weight(std::move(weights)),
          offset(std::move(offsets)),
          core(std::move(made)) {}
    const fastgd::Objective& get() const override { return core; }
};

}  // namespace fastgd::bindings
