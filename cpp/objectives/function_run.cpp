#include <cmath>
#include <stdexcept>

#include "descent/run.hpp"
#include "fastgd/function_objective.hpp"
#include "objectives/line_searches.hpp"
#include "objectives/updates.hpp"
#include "runtime/dispatch.hpp"

namespace fastgd {
namespace {

class FunctionRun final : public Run {
public:
    FunctionRun(const FunctionObjective& objective, ModelSettings settings)
        : objective_(objective),
          settings_(std::move(settings)),
          params_(settings_.n_models, 1, objective.n_params(), false),
          grad_(params_),
          info_(kernels().optimizers[settings_.optimizer]),
          updates_(kernels_for<double>(kernels()), info_, settings_, params_),
          searches_(settings_, 0.0),
          flat_(static_cast<std::size_t>(settings_.n_models * objective.n_params())),
          flat_grad_(flat_.size()),
          value_(static_cast<std::size_t>(settings_.n_models)) {}

    void descend(const Slice& slice, StepSums& sums, const std::function<void()>& poll) override {
        updates_.prepare(slice.plan);
        std::int64_t begin = 0;
        for (std::size_t b = 0; b < slice.batch_ends.size(); ++b) {
            poll();
            const std::int64_t count = slice.batch_ends[b] - begin;
            call(slice.rows.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count)));
            for (std::size_t m = 0; m < value_.size(); ++m) {
                sums.weight[m] += static_cast<double>(count);
                sums.loss[m] += value_[m] * static_cast<double>(count);
                sums.finite[m] = sums.finite[m] && std::isfinite(value_[m]);
            }
            step(b);
            begin = slice.batch_ends[b];
        }
    }

    void descend_full(const StepPlan& plan, std::span<double> value, std::span<double> grad_norm,
                      const std::function<void()>& poll) override {
        poll();
        evaluate(value, grad_norm);
        if (info_.line_search) {
            if (!searches_.started()) searches_.start(flat_, objective_.n_params());
            searches_.tell(value, flat_grad_, grad_norm);
            searches_.ask(flat_);
            params_.set(flat_.data());
            return;
        }
        updates_.prepare(plan);
        step(0);
    }
    Line line(int m) const override { return searches_.line(m); }

    void evaluate(std::span<double> value, std::span<double> grad_norm) override {
        call(std::nullopt);
        if (!grad_norm.empty()) norms(grad_norm);
        std::copy(value_.begin(), value_.end(), value.begin());
    }

    void penalties(std::span<double> out) override { std::fill(out.begin(), out.end(), 0.0); }

    void set_params(std::span<const double> params) override { params_.set(params.data()); }
    void solution(std::span<double> out) override {
        if (searches_.started()) return searches_.best(out);
        Parameters<double> reported(settings_.n_models, 1, objective_.n_params(), false);
        updates_.solution(params_, reported);
        reported.get(out.data());
    }

    ModelState state(int m) override {
        ModelState state;
        params_.append_model(m, state.params);
        updates_.save(m, state);
        return state;
    }
    void set_state(int m, const ModelState& state) override {
        params_.take_model(m, state.params.data());
        updates_.restore(m, state);
    }

private:
    void call(std::optional<std::span<const std::int64_t>> rows) {
        params_.get(flat_.data());
        objective_.function()(flat_, rows, value_, flat_grad_);
    }

    void norms(std::span<double> out) const {
        const auto n = static_cast<std::size_t>(objective_.n_params());
        for (std::size_t m = 0; m < out.size(); ++m) {
            double squares = 0.0;
            for (std::size_t i = m * n; i < (m + 1) * n; ++i) squares += flat_grad_[i] * flat_grad_[i];
            out[m] = std::sqrt(squares);
        }
    }

    void step(std::size_t batch) {
        grad_.set(flat_grad_.data());
        if (!updates_.is_whole()) return updates_.step_columns(batch, {0, params_.n_features}, params_, grad_);
        for (int m = 0; m < settings_.n_models; ++m)
            updates_.step_whole(batch, m, value_[static_cast<std::size_t>(m)], params_, grad_);
    }

    const FunctionObjective& objective_;
    ModelSettings settings_;
    Parameters<double> params_;
    Parameters<double> grad_;
    const OptimizerInfo& info_;
    Updates<double> updates_;
    LineSearches searches_;
    std::vector<double> flat_;
    std::vector<double> flat_grad_;
    std::vector<double> value_;
};

}  // namespace

FunctionObjective::FunctionObjective(std::int64_t n_params, std::int64_t n_samples, Function function)
    : n_params_(n_params), n_samples_(n_samples), function_(std::move(function)) {
    if (n_params < 1) throw std::invalid_argument("n_params must be at least 1");
    if (n_samples < 1) throw std::invalid_argument("n_samples must be at least 1");
}

std::unique_ptr<Run> FunctionObjective::start_run(ModelSettings settings) const {
    if (settings.n_folds > 0) throw std::invalid_argument("a function has no rows to hold out");
    for (const Penalty& penalty : settings.penalties)
        if (penalty.alpha != 0.0) throw std::invalid_argument("alpha must be 0 for a function, which has no penalty");
    return std::make_unique<FunctionRun>(*this, std::move(settings));
}

}  // namespace fastgd
