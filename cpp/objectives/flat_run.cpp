#include "objectives/flat_run.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "objectives/line_searches.hpp"
#include "objectives/updates.hpp"
#include "runtime/dispatch.hpp"

namespace fastgd {
namespace {

class FlatRun final : public Run {
public:
    FlatRun(std::unique_ptr<Evaluation> evaluation, ModelSettings settings)
        : evaluation_(std::move(evaluation)),
          settings_(std::move(settings)),
          params_(settings_.n_models, 1, evaluation_->n_params(), false),
          grad_(params_),
          info_(kernels().optimizers[settings_.optimizer]),
          updates_(kernels_for<double>(kernels()), info_, settings_, params_),
          searches_(settings_, evaluation_->noise()),
          flat_(static_cast<std::size_t>(params_.n_models * params_.n_features)),
          flat_grad_(flat_.size()),
          value_(static_cast<std::size_t>(settings_.n_models)) {}

    std::int64_t rows_at_once() const override {
        return std::max<std::int64_t>(1, evaluation_->rows_at_once() / settings_.n_models);
    }

    void descend(const Slice& slice, StepSums& sums, const std::function<void()>& poll) override {
        updates_.prepare(slice.plan);
        std::int64_t begin = 0;
        for (std::size_t b = 0; b < slice.batch_ends.size(); ++b) {
            if (poll) poll();
            const std::int64_t count = slice.batch_ends[b] - begin;
            call(slice.rows.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count)), flat_grad_,
                 poll);
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
        if (searches_.started())
            look_at_searching(value, poll);
        else
            look(value, grad_norm, poll);
        if (info_.line_search) {
            if (!searches_.started())
                start_searches(flat_, [&](std::size_t m) { return settings_.hyper[m * kMaxHyper + 1] != 0.0; });
            searches_.tell(value, flat_grad_, grad_norm);
            searches_.ask(flat_);
            params_.set(flat_.data());
            return;
        }
        updates_.prepare(plan);
        step(0);
    }
    Line line(int m) const override { return searches_.line(m); }
    void retire(int m) override { searches_.retire(m); }

    void evaluate(std::span<double> value, std::span<double> grad_norm, const std::function<void()>& poll) override {
        look(value, grad_norm, poll);
    }

    void penalties(std::span<double> out) override { std::fill(out.begin(), out.end(), 0.0); }

    void set_params(int m, std::span<const double> params) override { params_.set_model(m, params.data()); }
    void solution(int m, std::span<double> out) override {
        if (searches_.started()) return searches_.best(m, out);
        updates_.reported(m, params_).get_model(m, out.data());
    }

    void state(int m, ModelState& to, const std::function<void()>& look) override {
        updates_.save(m, params_, to, look);
    }
    void set_state(int m, const ModelState& state) override { updates_.restore(m, state, params_); }
    void serialize(int m, Archive& archive) override {
        params_.serialize_model(m, archive);
        updates_.serialize(m, archive);
        searches_.serialize(m, archive, [&] {
            // Models that search along lines are never dealt out.
            if (m == 0) serialize_estimates(archive);
        });
    }

private:
    void call(std::optional<std::span<const std::int64_t>> rows, std::span<double> grad,
              const std::function<void()>& poll) {
        params_.get(flat_.data());
        evaluation_->evaluate(flat_, rows, value_, grad, poll);
    }

    void look(std::span<double> value, std::span<double> grad_norm, const std::function<void()>& poll) {
        call(std::nullopt, grad_norm.empty() ? std::span<double>() : std::span<double>(flat_grad_), poll);
        if (!grad_norm.empty()) norms(grad_norm);
        std::copy(value_.begin(), value_.end(), value.begin());
    }

    // Each model's estimate is held where it can be replaced, so that searches go by that of where they are.
    template <class F>
    void start_searches(const std::vector<double>& from, F&& is_wanted) {
        std::vector<Precondition> preconditions = evaluation_->preconditions(from);
        estimated_at_ = from;
        held_.resize(preconditions.size());
        for (std::size_t m = 0; m < preconditions.size(); ++m) {
            if (!is_wanted(m) || !preconditions[m].of_all) {
                preconditions[m] = {};
                continue;
            }
            held_[m] = std::make_shared<Product>(std::move(preconditions[m].of_all));
            preconditions[m].of_all = [held = held_[m]](std::span<double> v) { (*held)(v); };
        }
        searches_.start(from, params_.n_features, std::move(preconditions));
    }

    // Where each model's estimate was made, so that it can be made again.
    void serialize_estimates(Archive& archive) {
        std::vector<std::uint8_t> has_one(value_.size());
        for (std::size_t m = 0; m < held_.size(); ++m) has_one[m] = held_[m] != nullptr;
        estimated_at_.resize(flat_.size());
        archive(has_one);
        archive(estimated_at_);
        if (!archive.reads()) return;
        evaluation_->evaluate(estimated_at_, std::nullopt, value_, flat_grad_, {});
        start_searches(std::vector<double>(estimated_at_), [&](std::size_t m) { return has_one[m] != 0; });
    }

    // Those models that go on: the others' evaluations would change nothing, and may be most of the work.
    void look_at_searching(std::span<double> value, const std::function<void()>& poll) {
        const auto n = static_cast<std::size_t>(params_.n_features);
        std::vector<std::size_t> going;
        for (std::size_t m = 0; m < value_.size(); ++m)
            if (searches_.line(static_cast<int>(m)) != Line::finished) going.push_back(m);
        if (going.empty()) return;
        params_.get(flat_.data());
        std::vector<double> params;
        for (const std::size_t m : going) params.insert(params.end(), &flat_[m * n], &flat_[m * n] + n);
        std::vector<double> found(going.size());
        std::vector<double> grad(params.size());
        evaluation_->evaluate(params, std::nullopt, found, grad, poll);
        std::vector<Precondition> preconditions;
        const bool any_held = std::any_of(held_.begin(), held_.end(), [](const auto& held) { return held != nullptr; });
        if (any_held) preconditions = evaluation_->preconditions(params);
        for (std::size_t i = 0; i < going.size(); ++i) {
            const std::size_t m = going[i];
            value[m] = found[i];
            std::copy_n(&grad[i * n], n, &flat_grad_[m * n]);
            if (!preconditions.empty() && held_[m] && preconditions[i].of_all && std::isfinite(found[i])) {
                *held_[m] = std::move(preconditions[i].of_all);
                std::copy_n(&params[i * n], n, &estimated_at_[m * n]);
            }
        }
    }

    void norms(std::span<double> out) const {
        const auto n = static_cast<std::size_t>(params_.n_features);
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

    std::unique_ptr<Evaluation> evaluation_;
    ModelSettings settings_;
    Parameters<double> params_;
    Parameters<double> grad_;
    const OptimizerInfo& info_;
    Updates<double> updates_;
    LineSearches searches_;
    std::vector<double> flat_;
    std::vector<double> flat_grad_;
    std::vector<double> value_;
    using Product = std::function<void(std::span<double>)>;
    std::vector<std::shared_ptr<Product>> held_;
    // The parameters of each model for which its estimate holds.
    std::vector<double> estimated_at_;
};

}  // namespace

std::unique_ptr<Run> make_flat_run(std::unique_ptr<Evaluation> evaluation, ModelSettings settings) {
    return std::make_unique<FlatRun>(std::move(evaluation), std::move(settings));
}

}  // namespace fastgd
