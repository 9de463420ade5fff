#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "fastgd/objective.hpp"

namespace fastgd {

// A caller's own function, of one model's parameters or many models' at once.
class FunctionObjective final : public Objective {
public:
    // Gets the parameters (n_models x n_params, C order) and the rows that count (none: all), and fills in a value and
    // a gradient for each model. Called on the thread that calls `minimize`; what it throws ends the run.
    using Function =
        std::function<void(std::span<const double> params, std::optional<std::span<const std::int64_t>> rows,
                           std::span<double> value, std::span<double> grad)>;

    // Throws std::invalid_argument where a number is not positive.
    FunctionObjective(std::int64_t n_params, std::int64_t n_samples, Function function);

    std::int64_t n_samples() const override { return n_samples_; }
    std::int64_t n_params() const override { return n_params_; }
    const Function& function() const { return function_; }

    std::unique_ptr<Run> start_run(ModelSettings settings, const std::function<void()>& poll) const override;

private:
    std::int64_t n_params_;
    std::int64_t n_samples_;
    Function function_;
};

}  // namespace fastgd
