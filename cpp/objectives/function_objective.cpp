#include "fastgd/function_objective.hpp"

#include <stdexcept>
#include <vector>

#include "objectives/flat_run.hpp"

namespace fastgd {
namespace {

class FunctionEvaluation final : public Evaluation {
public:
    explicit FunctionEvaluation(const FunctionObjective& objective) : objective_(objective) {}

    std::int64_t n_params() const override { return objective_.n_params(); }

    void evaluate(std::span<const double> params, std::optional<std::span<const std::int64_t>> rows,
                  std::span<double> value, std::span<double> grad, const std::function<void()>&) override {
        if (grad.empty()) {
            unwanted_.resize(params.size());
            grad = unwanted_;
        }
        objective_.function()(params, rows, value, grad);
    }

private:
    const FunctionObjective& objective_;
    std::vector<double> unwanted_;
};

}  // namespace

FunctionObjective::FunctionObjective(std::int64_t n_params, std::int64_t n_samples, Function function)
    : n_params_(n_params), n_samples_(n_samples), function_(std::move(function)) {
    if (n_params < 1) throw std::invalid_argument("n_params must be at least 1");
    if (n_samples < 1) throw std::invalid_argument("n_samples must be at least 1");
}

std::unique_ptr<Run> FunctionObjective::start_run(ModelSettings settings, const std::function<void()>&) const {
    if (settings.n_folds > 0) throw std::invalid_argument("a function has no rows to hold out");
    for (const Penalty& penalty : settings.penalties)
        if (penalty.alpha != 0.0) throw std::invalid_argument("alpha must be 0 for a function, which has no penalty");
    return make_flat_run(std::make_unique<FunctionEvaluation>(*this), std::move(settings));
}

}  // namespace fastgd
