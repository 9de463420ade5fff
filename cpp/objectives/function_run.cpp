#include <cmath>
#include <stdexcept>

#include "descent/run.hpp"
#include "fastgd/function_objective.hpp"
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
          updates_(kernels_for<double>(kernels()), kernels().optimizers[settings_.optimizer], settings_, params_),
          flat_(static_cast<std::size_t>(settings_.n_models * objective.n_params())),
          flat_grad_(flat_.size()),
          value_(static_cast<std::size_t>(settings_.n_models)) {}

    void descend(const Slice& slice, StepSums& sums) override {
        updates_.prepare(slice.plan);
        std::int64_t begin = 0;
        for (std::size_t b = 0; b < slice.batch_ends.size(); ++b) {
            const std::int64_t count = slice.batch_ends[b] - begin;
            call(slice.rows.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count)));
            step(b, static_cast<double>(count), sums);
            begin = slice.batch_ends[b];
        }
    }

    void descend_full(const StepPlan& plan, StepSums& sums, std::span<double> grad_norm,
                      const std::function<void()>& poll) override {
        poll();
        call(std::nullopt);
        norms(grad_norm);
        updates_.prepare(plan);
        step(0, static_cast<double>(objective_.n_samples()), sums);
    }

    void evaluate(std::span<double> value, std::span<double> grad_norm) override {
        call(std::nullopt);
        norms(grad_norm);
        std::copy(value_.begin(), value_.end(), value.begin());
    }

    void penalties(std::span<double> out) override { std::fill(out.begin(), out.end(), 0.0); }

    void set_params(std::span<const double> params) override { params_.set(params.data()); }
    void solution(std::span<double> out) override {
        Parameters<double> reported = params_;
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

    void step(std::size_t batch, double n_rows, StepSums& sums) {
        grad_.set(flat_grad_.data());
        sums.weight += n_rows;
        for (int m = 0; m < settings_.n_models; ++m) {
            const auto at = static_cast<std::size_t>(m);
            sums.loss[at] += value_[at] * n_rows;
            sums.finite[at] = sums.finite[at] && std::isfinite(value_[at]);
            if (updates_.is_whole()) updates_.step_whole(batch, m, value_[at], params_, grad_);
        }
        if (!updates_.is_whole()) updates_.step_columns(batch, {0, params_.n_features}, params_, grad_);
    }

    const FunctionObjective& objective_;
    ModelSettings settings_;
    Parameters<double> params_;
    Parameters<double> grad_;
    Updates<double> updates_;
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
    return std::make_unique<FunctionRun>(*this, std::move(settings));
}

}  // namespace fastgd
