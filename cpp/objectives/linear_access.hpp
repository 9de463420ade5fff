#pragma once

#include <optional>
#include <variant>

#include "fastgd/linear_objective.hpp"
#include "objectives/parameter_map.hpp"
#include "objectives/problem.hpp"
#include "objectives/standard.hpp"

namespace fastgd {

struct LinearObjective::Impl {
    LinearOptions options;
    // Of the data as they are: with a standard it has an intercept, whatever the options say.
    std::variant<Problem<float>, Problem<double>> problem;
    std::optional<Standard> standard{};

    ParameterMap map() const {
        const std::int64_t n_features = std::visit([](const auto& p) { return p.X.n_cols; }, problem);
        return {options, n_features, standard ? &*standard : nullptr};
    }
};

}  // namespace fastgd
