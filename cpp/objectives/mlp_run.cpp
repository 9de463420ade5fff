#include "objectives/mlp_run.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "objectives/held_out.hpp"
#include "objectives/line_searches.hpp"
#include "objectives/mean_weights.hpp"
#include "objectives/mlp_walk.hpp"
#include "objectives/team_choice.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/team_poll.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

template <class T>
class MlpRun final : public Run {
public:
    MlpRun(const MlpProblem<T>& problem, double dropout, ModelSettings settings)
        : problem_(problem),
          settings_(std::move(settings)),
          info_(kernels().optimizers[settings_.optimizer]),
          dropout_(dropout),
          params_(settings_.n_models, 1, problem.shape.size(), false),
          updates_(*problem.data.kernels, info_, settings_, params_, problem.shape.stretches()),
          searches_(settings_, sizeof(T) == 4 ? 1e-6 : 0.0),
          flat_(static_cast<std::size_t>((info_.line_search ? settings_.n_models : 1) * problem.shape.n_params())) {
        settings_.n_threads = problem.data.loss_threads(settings_.n_threads);
        if (settings_.n_folds > 0) {
            problem_.data.fold = settings_.fold_of_row.data();
            problem_.data.fold_of_model = settings_.fold_of_model.data();
            problem_.data.n_folds = settings_.n_folds;
        }
        for (int m = 0; m < settings_.n_models; ++m) seen_.push_back(problem_.seen_by(m));
        mean_weight_ =
            settings_.stream ? std::vector<double>(seen_.size(), 1.0) : mean_weights(problem_.data, settings_.n_models);
    }

    std::int64_t rows_at_once() const override {
        return std::clamp<std::int64_t>(kMlpStretch / (problem_.row_work() * settings_.n_models), 1, kLargestMiniBatch);
    }

    void descend(const Slice& slice, StepSums& sums, const std::function<void()>& poll) override {
        updates_.prepare(slice.plan);
        if (settings_.batch_size > kLargestMiniBatch) return descend_large(slice, sums, poll);
        const std::int64_t n_rows = std::ssize(slice.rows);
        if (!block_ || block_capacity_ < n_rows) {
            block_capacity_ = n_rows;
            block_.emplace(problem_.data, block_capacity_, true);
        }
        block_->gather({slice.rows.data(), n_rows}, 0, n_rows);
        block_->add_weights(n_rows, sums.weight);
        // Within the step where one alone takes long.
        descend_batches(slice, sums, n_rows > rows_at_once() ? poll : nullptr);
    }

    void descend_full(const StepPlan& plan, std::span<double> value, std::span<double> grad_norm,
                      const std::function<void()>& poll) override {
        std::vector<DropoutStep> masks;
        for (int m = 0; dropout_.drops() && m < settings_.n_models; ++m) masks.push_back(masks_of(plan, 0, m));
        const PassSums pass = pass_over({nullptr, problem_.data.X.n_rows}, poll, masks);
        const auto weight = [&](int m) { return pass.weight_of(problem_.data.fold_of(m)); };
        look_at(pass, weight, value, grad_norm, poll);
        if (info_.line_search) {
            if (!searches_.started()) searches_.start(flat_, 0);
            searches_.tell(value, flat_grad_, grad_norm);
            searches_.ask(flat_);
            for (int m = 0; m < settings_.n_models; ++m) problem_.shape.set(flat_of(flat_, m), params_.coef_row(m));
            return;
        }
        updates_.prepare(plan);
        step_on(pass, 0, weight, poll);
    }
    Line line(int m) const override { return searches_.line(m); }

    void evaluate(std::span<double> value, std::span<double> grad_norm, const std::function<void()>& poll) override {
        if (searches_.started()) {
            for (int m = 0; m < settings_.n_models; ++m) flatten(m);
            if (searches_.template judge<T>(flat_, value, grad_norm)) return;
        }
        const bool want_gradient = !grad_norm.empty();
        const PassSums pass =
            mlp_pass(problem_, params_, {nullptr, problem_.data.X.n_rows}, want_gradient, settings_.n_threads, poll);
        look_at(
            pass, [&](int m) { return pass.weight_of(problem_.data.fold_of(m)); }, value, grad_norm, poll);
    }

    void evaluate_held_out(std::span<double> value, const std::function<void()>& poll) override {
        MlpProblem<T> whole = problem_;
        whole.data.n_folds = 0;
        whole.data.fold_of_model = nullptr;
        for_folds(problem_.data, settings_.n_models, value, [&](const RowSource& rows, const std::vector<int>& models) {
            Parameters<T> own(static_cast<int>(models.size()), 1, problem_.shape.size(), false);
            for (std::size_t i = 0; i < models.size(); ++i) own.copy_model(params_, models[i], static_cast<int>(i));
            return mlp_pass(whole, own, rows, false, settings_.n_threads, poll);
        });
    }

    void penalties(std::span<double> out) override {
        for (int m = 0; m < settings_.n_models; ++m) out[static_cast<std::size_t>(m)] = penalty_of(m);
    }

    void set_params(int m, std::span<const double> params) override {
        problem_.shape.set(params.data(), params_.coef_row(m));
    }
    void solution(int m, std::span<double> out) override {
        if (searches_.started()) return searches_.best(m, out);
        problem_.shape.get(updates_.reported(m, params_).coef_row(m), out.data());
    }

    void state(int m, ModelState& to, const std::function<void()>& look) override {
        updates_.save(m, params_, to, look);
    }
    void set_state(int m, const ModelState& state) override {
        updates_.restore(m, state, params_);
        if (grad_) std::fill_n(grad_->coef_row(m), problem_.shape.size(), T(0));
    }
    void serialize(int m, Archive& archive) override {
        params_.serialize_model(m, archive);
        updates_.serialize(m, archive);
        searches_.serialize(m, archive, [this] {
            if (!searches_.started()) searches_.start(flat_, 0);
        });
    }

private:
    static constexpr double kInfinity = std::numeric_limits<double>::infinity();

    std::ptrdiff_t n_params() const { return problem_.shape.n_params(); }
    // All models have a place of their own only where line searches ask for that.
    double* flat_of(std::vector<double>& flat, int m) const {
        return flat.data() + (info_.line_search ? m * n_params() : 0);
    }
    void flatten(int m) { problem_.shape.get(params_.coef_row(m), flat_of(flat_, m)); }
    // Leaves the model's parameters in flat_.
    double penalty_of(int m) {
        flatten(m);
        double value = 0.0;
        problem_.shape.visit_flat_layers([&](std::ptrdiff_t weight, std::ptrdiff_t bias, std::ptrdiff_t) {
            value += settings_.penalty(m).value(flat_of(flat_, m) + weight, bias - weight);
        });
        return value;
    }

    DropoutStep masks_of(const StepPlan& plan, std::size_t batch, int m) const {
        if (!dropout_.drops()) return {};
        return {&dropout_, settings_.seed(m), plan.step[plan.at(batch, m)]};
    }
    // What a model's rows of a batch may be expected to weigh.
    double expected_weight(const StepPlan& plan, std::size_t batch, int m) const {
        return mean_weight_[static_cast<std::size_t>(m)] * static_cast<double>(plan.n_rows[plan.at(batch, m)]);
    }

    // The gradients of all models where a step needs sums over all parameters, or is on more than a batch.
    Parameters<T>& grad() {
        if (!grad_) grad_.emplace(settings_.n_models, 1, problem_.shape.size(), false);
        return *grad_;
    }

    // ---- one step on sums over many rows

    PassSums pass_over(const RowSource& rows, const std::function<void()>& poll, std::span<const DropoutStep> masks) {
        return mlp_pass(problem_, params_, rows, true, settings_.n_threads, poll, masks);
    }

    // F and, unless that is empty, the norm of its gradient, from sums over rows; parameters and gradients stay in
    // flat_ and flat_grad_ where line searches want them.
    template <class F>
    void look_at(const PassSums& pass, F&& weight, std::span<double> value, std::span<double> grad_norm,
                 const std::function<void()>& poll) {
        if (!grad_norm.empty()) flat_grad_.resize(flat_.size());
        for (int m = 0; m < settings_.n_models; ++m) {
            const auto at = static_cast<std::size_t>(m);
            if (poll) poll();
            const double penalty_value = penalty_of(m);
            value[at] = pass.finite[at] ? pass.loss[at] / weight(m) + penalty_value : kInfinity;
            if (grad_norm.empty()) continue;
            const Penalty& penalty = settings_.penalty(m);
            double* grad = flat_of(flat_grad_, m);
            problem_.shape.get(pass.coef.data() + m * problem_.shape.size(), grad);
            for (std::ptrdiff_t i = 0; i < n_params(); ++i) grad[i] /= weight(m);
            double squares = 0.0;
            problem_.shape.visit_flat_layers([&](std::ptrdiff_t first, std::ptrdiff_t bias, std::ptrdiff_t end) {
                const double* w = flat_of(flat_, m) + first;
                penalty.add_gradient(w, grad + first, bias - first);
                squares += penalty.least_square_norm(w, grad + first, bias - first, end - first);
            });
            grad_norm[at] = std::sqrt(squares);
        }
    }

    template <class F>
    void step_on(const PassSums& pass, std::size_t batch, F&& weight, const std::function<void()>& poll) {
        for (int m = 0; m < settings_.n_models; ++m) {
            const double* sum = pass.coef.data() + m * problem_.shape.size();
            T* to = grad().coef_row(m);
            for (std::ptrdiff_t i = 0; i < problem_.shape.size(); ++i) to[i] = static_cast<T>(sum[i] / weight(m));
            if (poll && may_stop()) poll();
            step_whole(batch, m, pass.loss[static_cast<std::size_t>(m)] / weight(m));
        }
    }
    // Within a step: a stream has no epoch to go back to from half of one.
    bool may_stop() const { return !settings_.stream; }

    void descend_large(const Slice& slice, StepSums& sums, const std::function<void()>& poll) {
        std::int64_t begin = 0;
        std::vector<DropoutStep> masks;
        for (std::size_t b = 0; b < slice.batch_ends.size(); ++b) {
            masks.clear();
            for (int m = 0; dropout_.drops() && m < settings_.n_models; ++m)
                masks.push_back(masks_of(slice.plan, b, m));
            const PassSums pass = pass_over({slice.rows.data() + begin, slice.batch_ends[b] - begin}, poll, masks);
            for (std::size_t m = 0; m < sums.loss.size(); ++m) {
                sums.weight[m] += pass.weight_of(problem_.data.fold_of(static_cast<int>(m)));
                sums.loss[m] += pass.loss[m];
                sums.finite[m] = sums.finite[m] && pass.finite[m];
            }
            step_on(
                pass, b, [&](int m) { return expected_weight(slice.plan, b, m); }, poll);
            begin = slice.batch_ends[b];
        }
    }

    // A model's step on its whole gradient; `risk` is its mean loss on the step's rows.
    void step_whole(std::size_t batch, int m, double risk) {
        double penalty = 0.0;
        if (info_.reads_value) penalty = penalty_of(m);
        updates_.step_whole(batch, m, risk + penalty, params_, grad());
    }

    // ---- a mini-batch a step

    void descend_batches(const Slice& slice, StepSums& sums, const std::function<void()>& poll) {
        const std::size_t n_batches = slice.batch_ends.size();
        std::int64_t most_rows = 0;
        for (std::size_t b = 0; b < n_batches; ++b)
            most_rows = std::max(most_rows, slice.batch_ends[b] - begin_of(slice, b));
        if (updates_.is_whole()) grad();
        const auto descend = [&](int team) {
            const TeamPoll look(poll);
            return parallel(team, [&](int thread, int n_threads, Barrier& barrier) {
                const auto sync = [&] {
                    if (n_threads > 1) barrier.wait();
                };
                // One each, as the clock may choose now this and now that.
                std::optional<MlpWalk<T>>& walk = n_threads > 1 ? team_walk_ : walk_;
                if (!walk || walk->size() != n_threads || walk->most_rows() < most_rows) {
                    sync();
                    if (thread == 0)
                        walk.emplace(problem_.data, problem_.shape, problem_.activation, most_rows, n_threads);
                    sync();
                }
                for (std::size_t b = 0; b < n_batches; ++b)
                    for (int m = 0; m < settings_.n_models; ++m)
                        if (slice.plan.runs(b, m)) descend_batch(*walk, thread, sync, look, slice, b, m, sums);
            });
        };
        const int wanted = mlp_team(problem_, most_rows, settings_.n_threads);
        if (wanted == 1) {
            descend(1);
            return;
        }
        choice_.stretch(std::ssize(slice.rows), [&](bool as_team) { return descend(as_team ? wanted : 1); });
    }
    static std::int64_t begin_of(const Slice& slice, std::size_t batch) {
        return batch == 0 ? 0 : slice.batch_ends[batch - 1];
    }

    template <class Sync>
    void descend_batch(MlpWalk<T>& walk, int thread, Sync&& sync, const TeamPoll& look, const Slice& slice,
                       std::size_t b, int m, StepSums& sums) {
        const bool whole = updates_.is_whole();
        const T scale = static_cast<T>(1.0 / expected_weight(slice.plan, b, m));
        walk.gradient(thread, sync, look, seen_[static_cast<std::size_t>(m)], params_.coef_row(m), *block_,
                      begin_of(slice, b), slice.batch_ends[b], scale, masks_of(slice.plan, b, m), 0,
                      [&](const Stretch& stretch, T* grad) {
                          if (whole || may_stop()) look();
                          if (!whole) return updates_.step_stretch(b, m, stretch, params_, grad);
                          move_to(grad_->coef_row(m), stretch, grad);
                      });
        sync();
        if (thread == 0) {
            const auto at = static_cast<std::size_t>(m);
            sums.loss[at] += walk.loss();
            sums.finite[at] = sums.finite[at] && walk.finite();
            if (whole) step_whole(b, m, walk.loss() / expected_weight(slice.plan, b, m));
        }
        if (whole) sync();
    }

    MlpProblem<T> problem_;
    ModelSettings settings_;
    const OptimizerInfo& info_;
    Dropout dropout_;
    // A row of one output a model.
    Parameters<T> params_;
    Updates<T> updates_;
    LineSearches searches_;
    std::vector<double> flat_;
    // Empty until they are asked for.
    std::vector<double> flat_grad_;
    std::optional<Parameters<T>> grad_;
    std::vector<Problem<T>> seen_;
    std::vector<double> mean_weight_;
    std::optional<RowBlock<T>> block_;
    std::int64_t block_capacity_ = 0;
    std::optional<MlpWalk<T>> walk_;
    std::optional<MlpWalk<T>> team_walk_;
    TeamChoice choice_;
};

}  // namespace

template <class T>
std::unique_ptr<Run> make_mlp_run(const MlpProblem<T>& problem, double dropout, ModelSettings settings) {
    return std::make_unique<MlpRun<T>>(problem, dropout, std::move(settings));
}

template std::unique_ptr<Run> make_mlp_run(const MlpProblem<float>&, double, ModelSettings);
template std::unique_ptr<Run> make_mlp_run(const MlpProblem<double>&, double, ModelSettings);

}  // namespace fastgd
