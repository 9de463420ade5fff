#pragma once

#include <variant>

#include "fastgd/linear_objective.hpp"
#include "objectives/linear_problem.hpp"

namespace fastgd {

struct LinearObjective::Impl {
    LinearOptions options;
    std::variant<LinearProblem<float>, LinearProblem<double>> problem;
};

struct LinearAccess {
    static const LinearObjective::Impl& impl(const LinearObjective& objective) { return *objective.impl_; }
};

}  // namespace fastgd
