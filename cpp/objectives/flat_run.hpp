#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "descent/run.hpp"
#include "objectives/preconditioner.hpp"

namespace fastgd {

// A value and a gradient of all models at flat parameters: all that a run asks of an objective whose parameters lie as
// the caller has them.
class Evaluation {
public:
    virtual ~Evaluation() = default;

    virtual std::int64_t n_params() const = 0;
    // Relative rounding errors of the values.
    virtual double noise() const { return 0.0; }
    // As Run has it, of one model.
    virtual std::int64_t rows_at_once() const { return 4096; }

    // Of parameters (n_models x n_params, C order) on the rows that count (none: all); no gradients where `grad` is
    // empty. A value that is not finite is a step that diverged. `poll` is called now and then on the calling thread.
    virtual void evaluate(std::span<const double> params, std::optional<std::span<const std::int64_t>> rows,
                          std::span<double> value, std::span<double> grad, const std::function<void()>& poll) = 0;

    // Estimates of the inverse Hessian of each model at what has been evaluated last, on all rows; none, or one a
    // model. Searches go by those of where they are.
    virtual std::vector<Precondition> preconditions(std::span<const double> /*params*/) const { return {}; }
};

// A run of it, with parameters and state in double.
std::unique_ptr<Run> make_flat_run(std::unique_ptr<Evaluation> evaluation, ModelSettings settings);

}  // namespace fastgd
