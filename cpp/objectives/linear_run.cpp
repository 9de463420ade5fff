#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "descent/run.hpp"
#include "objectives/full_pass.hpp"
#include "objectives/held_out.hpp"
#include "objectives/idle_columns.hpp"
#include "objectives/line_searches.hpp"
#include "objectives/linear_run.hpp"
#include "objectives/mean_weights.hpp"
#include "objectives/model_space.hpp"
#include "objectives/row_steps.hpp"
#include "objectives/row_walk.hpp"
#include "objectives/slope_pass.hpp"
#include "objectives/team_choice.hpp"
#include "objectives/team_walk.hpp"
#include "objectives/updates.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/team_poll.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

template <class T>
class LinearRun final : public Run {
public:
    // `standard` is that of all rows, null without.
    LinearRun(const Problem<T>& problem, bool fit_intercept, const Standard* standard, double curvature,
              ModelSettings settings, const std::function<void()>& poll)
        : problem_(problem),
          settings_(std::move(settings)),
          info_(kernels().optimizers[settings_.optimizer]),
          has_intercept_(fit_intercept),
          curvature_(curvature),
          of_models_(standards(standard, poll)),
          space_(shape(), of_models_),
          updates_(*problem.kernels, info_, settings_, space_.params),
          searches_(settings_, sizeof(T) == 4 ? 1e-6 : 0.0),
          flat_(static_cast<std::size_t>(settings_.n_models * space_.params.n_params())),
          scale_(static_cast<std::size_t>(settings_.n_models)) {
        settings_.n_threads = problem.loss_threads(settings_.n_threads);
        settings_.intercept_slope = problem.intercept_slope;
        if (settings_.n_folds > 0) {
            problem_.fold = settings_.fold_of_row.data();
            problem_.fold_of_model = settings_.fold_of_model.data();
            problem_.n_folds = settings_.n_folds;
        }
        mean_weight_ =
            settings_.stream ? std::vector<double>(scale_.size(), 1.0) : mean_weights(problem_, settings_.n_models);
        if (info_.table != Table::none) table_.emplace(problem.X.n_rows, space_.params.n_scores());
        if (settings_.batch_size == 0 || settings_.batch_size > kLargestMiniBatch || table_) return;
        if ((settings_.batch_size == 1 || problem.sparse()) && is_plain()) {
            rows_.emplace(problem_, settings_);
        } else if (problem.sparse()) {
            if (!is_whole()) idle_.emplace(problem_, settings_, info_, space_.params);
        } else {
            wanted_team_ =
                team_for_step(settings_.batch_size, problem.X.n_cols, space_.params.n_scores(), settings_.n_threads);
        }
    }

    std::int64_t rows_at_once() const override {
        // Multiply-adds, of which one alone takes as long as an element does from memory.
        constexpr std::int64_t kWork = 1 << 26;
        return std::clamp<std::int64_t>(kWork / (problem_.row_entries() * space_.params.n_scores()), 1,
                                        kLargestMiniBatch);
    }

    void descend(const Slice& slice, StepSums& sums, const std::function<void()>& poll) override {
        if (settings_.batch_size > kLargestMiniBatch) return descend_large(slice, sums, poll);
        const std::int64_t n_rows = std::ssize(slice.rows);
        if (!block_ || block_capacity_ < n_rows) {
            block_capacity_ = n_rows;
            block_.emplace(problem_, block_capacity_);
        }
        block_->gather({slice.rows.data(), n_rows}, 0, n_rows);
        block_->add_weights(n_rows, sums.weight);
        if (rows_) return rows_->descend(slice, *block_, space_.params, mean_weight_, sums);
        if (info_.table == Table::snapshots && slice.epoch != last_epoch_) take_snapshot(slice.epoch, poll);
        last_epoch_ = slice.epoch;
        updates_.prepare(slice.plan);
        descend_batches(slice, sums, poll);
    }

    void descend_full(const StepPlan& plan, std::span<double> value, std::span<double> grad_norm,
                      const std::function<void()>& poll) override {
        const PassSums pass = pass_over({nullptr, problem_.X.n_rows}, poll);
        const auto weight = [&](int m) { return pass.weight_of(problem_.fold_of(m)); };
        bring_gradient(pass, weight);
        if (!info_.line_search) space_.grad.set(flat_grad_.data());
        look_at(pass, weight, value, grad_norm);
        if (info_.line_search) {
            if (!searches_.started()) start_searches(poll);
            searches_.tell(value, flat_grad_, grad_norm);
            searches_.ask(flat_);
            return bring_params();
        }
        updates_.prepare(plan);
        update(0, [&](int m) { return pass.loss[static_cast<std::size_t>(m)] / weight(m); });
    }
    Line line(int m) const override { return searches_.line(m); }

    void evaluate(std::span<double> value, std::span<double> grad_norm, const std::function<void()>& poll) override {
        settle();
        space_.params.get(flat_.data());
        if (searches_.template judge<T>(flat_, value, grad_norm)) return;
        const PassSums pass = pass_over({nullptr, problem_.X.n_rows}, poll, !grad_norm.empty());
        const auto weight = [&](int m) { return pass.weight_of(problem_.fold_of(m)); };
        if (!grad_norm.empty()) bring_gradient(pass, weight);
        look_at(pass, weight, value, grad_norm);
    }

    void evaluate_held_out(std::span<double> value, const std::function<void()>& poll) override {
        settle();
        held_out_losses(problem_, space_.data_params(), settings_.n_threads, value, poll);
    }

    void penalties(std::span<double> out) override {
        settle();
        space_.params.get(flat_.data());
        const std::ptrdiff_t n = space_.params.n_params();
        for (int m = 0; m < settings_.n_models; ++m) {
            double& value = out[static_cast<std::size_t>(m)];
            value = settings_.penalty(m).value(flat_.data() + m * n, n_coef());
            for (std::ptrdiff_t i = n_coef(); i < n; ++i)
                value += settings_.intercept_slope * flat_[static_cast<std::size_t>(m * n + i)];
        }
    }

    void set_params(int m, std::span<const double> params) override {
        settle();
        space_.params.set_model(m, params.data());
        space_.changed(m);
    }
    void solution(int m, std::span<double> out) override {
        settle();
        if (searches_.started()) return searches_.best(m, out);
        updates_.reported(m, space_.params).get_model(m, out.data());
    }

    void state(int m, ModelState& to, const std::function<void()>& look) override {
        settle();
        updates_.save(m, space_.params, to, look);
    }
    void set_state(int m, const ModelState& state) override {
        settle();
        updates_.restore(m, state, space_.params);
        space_.changed(m);
        if (table_) {
            // What it has of the rows is of later parameters: it begins anew.
            table_->clear(m, problem_.n_outputs);
            updates_.slot(0).copy_model(shape(), m, m);
        }
        space_.data_grad().clear();
        space_.grad.clear();
    }
    void serialize(int m, Archive& archive) override {
        space_.params.serialize_model(m, archive);
        updates_.serialize(m, archive);
        if (rows_) rows_->serialize(m, space_.params, archive);
        if (idle_) idle_->serialize(m, space_.params, archive);
        if (table_) table_->serialize(m, problem_.n_outputs, archive);
        archive(last_epoch_);
        searches_.serialize(m, archive, [this] {
            if (!searches_.started()) start_searches({});
        });
        if (archive.reads()) space_.changed();
    }

private:
    static constexpr double kInfinity = std::numeric_limits<double>::infinity();

    Parameters<T> shape() const {
        return Parameters<T>(settings_.n_models, problem_.n_outputs, problem_.X.n_cols, has_intercept_);
    }
    // Only plain SGD has its state in the parameters alone, so that a row's update can meet the next row's scores.
    bool is_plain() const {
        if (problem_.user_loss != nullptr || problem_.intercept_slope != 0.0) return false;
        if (std::string(info_.name) != "sgd" || settings_.clip_value > 0.0 || settings_.clip_norm > 0.0) return false;
        for (int m = 0; m < settings_.n_models; ++m)
            if (settings_.hyper[static_cast<std::size_t>(m) * kMaxHyper] != 0.0) return false;
        return !space_.is_standardized();
    }
    std::ptrdiff_t n_coef() const { return problem_.n_outputs * space_.params.n_features; }

    // Those that the searches ask for.
    void bring_params() {
        settle();
        space_.params.set(flat_.data());
        space_.changed();
    }

    // Parameters as they are, before anybody looks at them or changes them.
    void settle() {
        if (rows_) rows_->settle(space_.params);
        if (idle_) idle_->settle(updates_, space_.params);
    }

    // One for each model, from the rows that it sees.
    std::vector<const Standard*> standards(const Standard* of_all, const std::function<void()>& poll) {
        if (of_all == nullptr) return {};
        std::vector<const Standard*> of_models(static_cast<std::size_t>(settings_.n_models), of_all);
        if (settings_.n_folds == 0) return of_models;
        standards_ =
            measure_standards(problem_, settings_.fold_of_row.data(), settings_.n_folds, settings_.n_threads, poll);
        for (std::size_t m = 0; m < of_models.size(); ++m)
            if (const int fold = settings_.fold_of_model[m]; fold != kNoFold)
                of_models[m] = &standards_[static_cast<std::size_t>(fold)];
        return of_models;
    }

    void start_searches(const std::function<void()>& poll) {
        Preconditioners<T> preconditioners(problem_, settings_, of_models_, has_intercept_, curvature_);
        searches_.start(flat_, n_coef(), preconditioners.make(poll));
    }

    // ---- one step on sums over many rows

    PassSums pass_over(const RowSource& rows, const std::function<void()>& poll, bool want_gradient = true) const {
        return full_pass(problem_, space_.data_params(), rows, want_gradient, settings_.n_threads, poll);
    }

    // The gradient of the risk, into flat_grad_; `weight` gives what each model's sums are divided by.
    template <class F>
    void bring_gradient(const PassSums& pass, F&& weight) {
        const Parameters<T>& data = space_.data_params();
        const std::ptrdiff_t n = space_.params.n_params();
        std::vector<double> of_model(static_cast<std::size_t>(data.n_params()));
        flat_grad_.resize(flat_.size());
        for (int m = 0; m < settings_.n_models; ++m) {
            double* out = flat_grad_.data() + m * n;
            write_gradient(pass, data, m, weight(m), space_.is_standardized() ? of_model.data() : out);
            if (space_.is_standardized()) space_.bring_gradient(m, of_model.data(), out);
        }
    }

    // F and, unless that is empty, the norm of its gradient, from the risk's; they stay in flat_ and flat_grad_.
    template <class F>
    void look_at(const PassSums& pass, F&& weight, std::span<double> value, std::span<double> grad_norm) {
        const std::ptrdiff_t n = space_.params.n_params();
        penalties(value);
        for (int m = 0; m < settings_.n_models; ++m) {
            const auto at = static_cast<std::size_t>(m);
            value[at] = pass.finite[at] ? pass.loss[at] / weight(m) + value[at] : kInfinity;
            if (grad_norm.empty()) continue;
            double* grad = flat_grad_.data() + m * n;
            settings_.penalty(m).add_gradient(flat_.data() + m * n, grad, n_coef());
            for (std::ptrdiff_t i = n_coef(); i < n; ++i) grad[i] += settings_.intercept_slope;
            grad_norm[at] = settings_.penalty(m).least_norm(flat_.data() + m * n, grad, n_coef(), n);
        }
    }

    void descend_large(const Slice& slice, StepSums& sums, const std::function<void()>& poll) {
        updates_.prepare(slice.plan);
        std::int64_t begin = 0;
        for (std::size_t b = 0; b < slice.batch_ends.size(); ++b) {
            const PassSums pass = pass_over({slice.rows.data() + begin, slice.batch_ends[b] - begin}, poll);
            for (std::size_t m = 0; m < sums.loss.size(); ++m) {
                sums.weight[m] += pass.weight_of(problem_.fold_of(static_cast<int>(m)));
                sums.loss[m] += pass.loss[m];
                sums.finite[m] = sums.finite[m] && pass.finite[m];
            }
            const auto weight = [&](int m) { return expected_weight(slice.plan, b, m); };
            bring_gradient(pass, weight);
            space_.grad.set(flat_grad_.data());
            update(b, [&](int m) { return pass.loss[static_cast<std::size_t>(m)] / weight(m); });
            begin = slice.batch_ends[b];
        }
    }

    // What a model's rows of a batch may be expected to weigh.
    double expected_weight(const StepPlan& plan, std::size_t batch, int m) const {
        return mean_weight_[static_cast<std::size_t>(m)] * static_cast<double>(plan.n_rows[plan.at(batch, m)]);
    }

    // Whether a step is one thing for all parameters, which cannot be shared among threads.
    bool is_whole() const { return updates_.is_whole() || space_.is_standardized(); }

    // The optimiser's step of all models; `risk` gives a model's mean loss on the step's rows.
    template <class F>
    void update(std::size_t batch, F&& risk) {
        if (updates_.is_whole()) {
            std::vector<double> value(static_cast<std::size_t>(settings_.n_models));
            if (info_.reads_value) penalties(value);
            for (int m = 0; m < settings_.n_models; ++m)
                updates_.step_whole(batch, m, risk(m) + value[static_cast<std::size_t>(m)], space_.params, space_.grad);
        } else {
            updates_.step_columns(batch, {0, space_.params.n_features}, space_.params, space_.grad);
            updates_.step_intercepts(batch, space_.params, space_.grad);
        }
        space_.changed();
    }

    // ---- a table of slopes at a snapshot of the parameters, and the gradient that they add up to

    void take_snapshot(std::int64_t epoch, const std::function<void()>& poll) {
        table_->set_writes(false);
        if (epoch % static_cast<std::int64_t>(settings_.hyper[0]) != 0) return;
        table_->clear();
        table_->set_writes(true);
        for (int m = 0; m < settings_.n_models; ++m) scale_[static_cast<std::size_t>(m)] = per_row(m);
        const std::vector<T> ones(scale_.size(), T(1));
        table_->begin_batch(ones.data(), problem_.n_outputs);
        std::vector<std::int64_t> n_rows(scale_.size());
        const PassSums sums = slope_pass(problem_, space_.data_params(), scale_.data(), *table_, n_rows, poll);
        bring_gradient(sums, [&](int m) { return static_cast<double>(n_rows[static_cast<std::size_t>(m)]); });
        updates_.slot(0).set(flat_grad_.data());
        table_->set_writes(false);
    }
    // What turns a row's derivative into its share of the sum over rows that is then divided by their number.
    T per_row(int m) const { return static_cast<T>(1.0 / mean_weight_[static_cast<std::size_t>(m)]); }

    // ---- a mini-batch a step

    void descend_batches(const Slice& slice, StepSums& sums, const std::function<void()>& poll) {
        // Within a step where one alone takes long, as a function of the user's may.
        const bool is_long = problem_.user_loss != nullptr || std::ssize(slice.rows) > rows_at_once();
        const std::function<void()> within = is_long ? poll : nullptr;
        if (wanted_team_ == 1) return descend_alone(slice, sums, within);
        choice_.stretch(std::ssize(slice.rows), [&](bool as_team) {
            if (as_team) return descend_as_team(slice, sums, within);
            descend_alone(slice, sums, within);
            return 1;
        });
    }

    int descend_as_team(const Slice& slice, StepSums& sums, const std::function<void()>& poll) {
        const TeamPoll look(poll);
        return parallel(wanted_team_, [&](int thread, int n_threads, Barrier& barrier) {
            // Fewer than wanted, when another run of this process has the threads.
            if (n_threads == 1) return descend_alone(slice, sums, poll);
            if (!team_walk_ || team_walk_->size() != n_threads) {
                barrier.wait();
                if (thread == 0) team_walk_.emplace(problem_, space_.data_params(), settings_.batch_size, n_threads);
                barrier.wait();
            }
            descend_in_team(slice, sums, thread, barrier, look);
        });
    }

    void descend_alone(const Slice& slice, StepSums& sums, const std::function<void()>& poll) {
        if (!walk_) walk_.emplace(problem_, space_.data_params(), settings_.batch_size);
        std::vector<T> per_row_of(scale_.size());
        for (std::size_t m = 0; m < scale_.size(); ++m) per_row_of[m] = per_row(static_cast<int>(m));
        for_batches(slice, scale_, [&](std::size_t batch, std::int64_t begin, std::int64_t end) {
            if (idle_) idle_->meet(*block_, begin, end, updates_, space_.params);
            if (table_) divide_rows(slice.plan, batch);
            const BlockSums<T>& of_batch =
                walk_->pass(space_.data_params(), *block_, begin, end, (table_ ? per_row_of : scale_).data(),
                            &space_.data_grad(), table_ ? &*table_ : nullptr, poll);
            add(of_batch, sums);
            if (idle_) return idle_->step(slice.plan, batch, updates_, space_.params, space_.grad);
            finish_batch(slice.plan, batch, of_batch);
        });
    }
    void divide_rows(const StepPlan& plan, std::size_t batch) {
        for (int m = 0; m < settings_.n_models; ++m)
            scale_[static_cast<std::size_t>(m)] =
                plan.runs(batch, m) ? static_cast<T>(1.0 / static_cast<double>(plan.n_rows[plan.at(batch, m)])) : T(0);
        table_->begin_batch(scale_.data(), problem_.n_outputs);
    }
    void finish_batch(const StepPlan& plan, std::size_t batch, const BlockSums<T>& of_batch) {
        space_.bring_gradient();
        update(batch, [&](int m) { return of_batch.loss(m) / expected_weight(plan, batch, m); });
    }

    // Every thread walks all batches over its own columns; the first one keeps the sums.
    void descend_in_team(const Slice& slice, StepSums& sums, int thread, Barrier& barrier, const TeamPoll& look) {
        std::vector<T> scale(scale_.size());
        for_batches(slice, scale, [&](std::size_t batch, std::int64_t begin, std::int64_t end) {
            const BlockSums<T>& of_batch = team_walk_->pass(thread, barrier, look, space_.data_params(), *block_, begin,
                                                            end, scale.data(), space_.data_grad());
            if (thread == 0) add(of_batch, sums);
            if (is_whole()) {
                barrier.wait();
                if (thread == 0) finish_batch(slice.plan, batch, of_batch);
                barrier.wait();
                return;
            }
            updates_.step_columns(batch, team_walk_->columns(thread), space_.params, space_.grad);
            if (thread == 0) updates_.step_intercepts(batch, space_.params, space_.grad);
        });
    }

    // visit(batch, begin, end) with each model's factor of the rows' derivatives in `scale`.
    template <class F>
    void for_batches(const Slice& slice, std::vector<T>& scale, F&& visit) const {
        std::int64_t begin = 0;
        for (std::size_t b = 0; b < slice.batch_ends.size(); ++b) {
            const std::int64_t end = slice.batch_ends[b];
            for (int m = 0; m < settings_.n_models; ++m)
                scale[static_cast<std::size_t>(m)] =
                    slice.plan.runs(b, m) ? static_cast<T>(1.0 / expected_weight(slice.plan, b, m)) : T(0);
            visit(b, begin, end);
            begin = end;
        }
    }

    static void add(const BlockSums<T>& batch, StepSums& sums) {
        for (std::size_t m = 0; m < sums.loss.size(); ++m) {
            sums.loss[m] += batch.loss(static_cast<int>(m));
            sums.finite[m] = sums.finite[m] && batch.finite()[m];
        }
    }

    Problem<T> problem_;
    ModelSettings settings_;
    const OptimizerInfo& info_;
    bool has_intercept_;
    double curvature_;
    std::vector<Standard> standards_;
    std::vector<const Standard*> of_models_;
    ModelSpace<T> space_;
    Updates<T> updates_;
    LineSearches searches_;
    std::vector<double> flat_;
    // Empty until it is asked for.
    std::vector<double> flat_grad_;
    std::vector<double> mean_weight_;
    std::optional<RowSteps<T>> rows_;
    std::optional<SlopeTable<T>> table_;
    std::optional<IdleColumns<T>> idle_;
    std::int64_t last_epoch_ = -1;
    std::optional<RowBlock<T>> block_;
    std::int64_t block_capacity_ = 0;
    int wanted_team_ = 1;
    std::optional<RowWalk<T>> walk_;
    std::optional<TeamWalk<T>> team_walk_;
    TeamChoice choice_;
    std::vector<T> scale_;
};

}  // namespace

template <class T>
std::unique_ptr<Run> make_linear_run(const Problem<T>& problem, bool fit_intercept, const Standard* standard,
                                     double curvature, ModelSettings settings, const std::function<void()>& poll) {
    return std::make_unique<LinearRun<T>>(problem, fit_intercept, standard, curvature, std::move(settings), poll);
}

template std::unique_ptr<Run> make_linear_run<float>(const Problem<float>&, bool, const Standard*, double,
                                                     ModelSettings, const std::function<void()>&);
template std::unique_ptr<Run> make_linear_run<double>(const Problem<double>&, bool, const Standard*, double,
                                                      ModelSettings, const std::function<void()>&);

}  // namespace fastgd
