#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "descent/run.hpp"
#include "objectives/full_pass.hpp"
#include "objectives/line_searches.hpp"
#include "objectives/linear_access.hpp"
#include "objectives/row_walk.hpp"
#include "objectives/team_choice.hpp"
#include "objectives/team_walk.hpp"
#include "objectives/updates.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

template <class T>
class LinearRun final : public Run {
public:
    LinearRun(const LinearProblem<T>& problem, ModelSettings settings)
        : problem_(problem),
          settings_(std::move(settings)),
          info_(kernels().optimizers[settings_.optimizer]),
          params_(shape()),
          grad_(shape()),
          updates_(*problem.kernels, info_, settings_, params_),
          searches_(settings_, sizeof(T) == 4 ? 1e-6 : 0.0),
          flat_(static_cast<std::size_t>(settings_.n_models * params_.n_params())),
          flat_grad_(flat_.size()) {
        if (info_.table != Table::none) table_.emplace(problem.X.n_rows, params_.n_scores());
        for (int m = 0; m < settings_.n_models; ++m) {
            l2_.push_back(static_cast<T>(settings_.penalty(m).l2()));
            l1_.push_back(static_cast<T>(settings_.penalty(m).l1()));
        }
        if (settings_.batch_size == 1 && is_plain()) {
            per_sample_ = true;
            row_scores_ = AlignedBuffer<T>(static_cast<std::size_t>(params_.n_scores()));
            row_dloss_ = AlignedBuffer<T>(static_cast<std::size_t>(params_.n_scores()));
        } else if (settings_.batch_size != 0 && settings_.batch_size <= kLargestMiniBatch && !table_) {
            wanted_team_ =
                team_for_step(settings_.batch_size, problem.X.n_cols, params_.n_scores(), settings_.n_threads);
        }
    }

    void descend(const Slice& slice, StepSums& sums) override {
        if (settings_.batch_size > kLargestMiniBatch) return descend_large(slice, sums);
        const std::int64_t n_rows = std::ssize(slice.rows);
        if (!block_ || block_capacity_ < n_rows) {
            block_capacity_ = n_rows;
            block_.emplace(problem_, block_capacity_);
        }
        block_->gather({slice.rows.data(), n_rows}, 0, n_rows);
        sums.weight += block_->weight_sum(0, n_rows);
        if (per_sample_) return descend_rows(slice, sums);
        if (info_.table == Table::snapshots && slice.epoch != last_epoch_) take_snapshot(slice.epoch);
        last_epoch_ = slice.epoch;
        updates_.prepare(slice.plan);
        descend_batches(slice, sums);
    }

    void descend_full(const StepPlan& plan, std::span<double> value, std::span<double> grad_norm,
                      const std::function<void()>& poll) override {
        const PassSums pass =
            full_pass(problem_, params_, {nullptr, problem_.X.n_rows}, true, settings_.n_threads, poll);
        look_at(pass, value, grad_norm);
        if (info_.line_search) {
            if (!searches_.started()) searches_.start(flat_);
            searches_.tell(value, flat_grad_, grad_norm);
            searches_.ask(flat_);
            params_.set(flat_.data());
            return;
        }
        updates_.prepare(plan);
        update_all(pass, pass.weight, 0);
    }
    bool finished(int m) const override { return searches_.finished(m); }

    void evaluate(std::span<double> value, std::span<double> grad_norm) override {
        const PassSums pass = full_pass(problem_, params_, {nullptr, problem_.X.n_rows}, true, settings_.n_threads);
        look_at(pass, value, grad_norm);
    }

    void penalties(std::span<double> out) override {
        params_.get(flat_.data());
        for (int m = 0; m < settings_.n_models; ++m)
            out[static_cast<std::size_t>(m)] =
                settings_.penalty(m).value(flat_.data() + m * params_.n_params(), n_coef());
    }

    void set_params(std::span<const double> params) override { params_.set(params.data()); }
    void solution(std::span<double> out) override {
        if (searches_.started()) return searches_.best(out);
        Parameters<T> reported = shape();
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
        grad_.coef.clear();
        grad_.intercept.clear();
    }

private:
    Parameters<T> shape() const {
        return Parameters<T>(settings_.n_models, problem_.n_outputs, problem_.X.n_cols, problem_.fit_intercept);
    }
    // Only plain SGD has its state in the parameters alone, so that a row's update can meet the next row's scores.
    bool is_plain() const {
        if (std::string(info_.name) != "sgd" || settings_.clip_value > 0.0 || settings_.clip_norm > 0.0) return false;
        for (int m = 0; m < settings_.n_models; ++m)
            if (settings_.hyper[static_cast<std::size_t>(m) * kMaxHyper] != 0.0) return false;
        return true;
    }
    std::ptrdiff_t n_coef() const { return problem_.n_outputs * params_.n_features; }

    // ---- one step on sums over many rows

    // F and the norm of its gradient, which stay in flat_ and flat_grad_ with the parameters.
    void look_at(const PassSums& pass, std::span<double> value, std::span<double> grad_norm) {
        const std::ptrdiff_t n = params_.n_params();
        penalties(value);
        write_gradient(pass, params_, pass.weight, flat_grad_.data());
        for (int m = 0; m < settings_.n_models; ++m) {
            const auto at = static_cast<std::size_t>(m);
            value[at] =
                pass.finite[at] ? pass.loss[at] / pass.weight + value[at] : std::numeric_limits<double>::quiet_NaN();
            double* grad = flat_grad_.data() + m * n;
            settings_.penalty(m).add_gradient(flat_.data() + m * n, grad, n_coef());
            double squares = 0.0;
            for (std::ptrdiff_t i = 0; i < n; ++i) squares += grad[i] * grad[i];
            grad_norm[at] = std::sqrt(squares);
        }
    }

    static void add(const PassSums& pass, StepSums& sums) {
        sums.weight += pass.weight;
        for (std::size_t m = 0; m < sums.loss.size(); ++m) {
            sums.loss[m] += pass.loss[m];
            sums.finite[m] = sums.finite[m] && pass.finite[m];
        }
    }

    void update_all(const PassSums& pass, double weight, std::size_t batch) {
        for (std::size_t i = 0; i < pass.coef.size(); ++i) grad_.coef[i] = static_cast<T>(pass.coef[i] / weight);
        for (std::ptrdiff_t s = 0; problem_.fit_intercept && s < params_.n_scores(); ++s)
            grad_.bias(s) = static_cast<T>(pass.intercept[static_cast<std::size_t>(s)] / weight);
        update(batch, [&](int m) { return pass.loss[static_cast<std::size_t>(m)] / weight; });
    }

    void descend_large(const Slice& slice, StepSums& sums) {
        updates_.prepare(slice.plan);
        std::int64_t begin = 0;
        for (std::size_t b = 0; b < slice.batch_ends.size(); ++b) {
            const std::int64_t count = slice.batch_ends[b] - begin;
            const PassSums pass =
                full_pass(problem_, params_, {slice.rows.data() + begin, count}, true, settings_.n_threads);
            add(pass, sums);
            update_all(pass, problem_.mean_weight * static_cast<double>(count), b);
            begin = slice.batch_ends[b];
        }
    }

    // The optimiser's step of all models; `risk` gives a model's mean loss on the step's rows.
    template <class F>
    void update(std::size_t batch, F&& risk) {
        if (!updates_.is_whole()) {
            updates_.step_columns(batch, {0, params_.n_features}, params_, grad_);
            updates_.step_intercepts(batch, params_, grad_);
            return;
        }
        std::vector<double> penalty(static_cast<std::size_t>(settings_.n_models));
        penalties(penalty);
        for (int m = 0; m < settings_.n_models; ++m)
            updates_.step_whole(batch, m, risk(m) + penalty[static_cast<std::size_t>(m)], params_, grad_);
    }

    // ---- a row a step

    void descend_rows(const Slice& slice, StepSums& sums) {
        lr_.assign(slice.plan.lr.begin(), slice.plan.lr.end());
        PerSampleCall<T> call{};
        call.rows = block_->rows(0, block_->count());
        call.n_features = params_.n_features;
        call.coef = params_.coef.data();
        call.coef_stride = params_.stride;
        call.intercept = params_.intercept.data();
        call.intercept_stride = params_.intercept_stride;
        call.fit_intercept = problem_.fit_intercept;
        call.n_models = settings_.n_models;
        call.n_outputs = problem_.n_outputs;
        call.lr = lr_.data();
        call.l2 = l2_.data();
        call.l1 = l1_.data();
        call.loss = problem_.loss_of_row;
        call.loss_call = problem_.loss_call(static_cast<T>(1.0 / problem_.mean_weight));
        block_->describe(call.loss_call, 0, block_->count());
        call.offset = block_->offset(0);
        call.offset_stride = block_->stride();
        call.scores = row_scores_.data();
        call.dloss = row_dloss_.data();
        call.loss_sum = sums.loss.data();
        call.finite = sums.finite.data();
        problem_.storage().per_sample(call);
    }

    // ---- a table of slopes at a snapshot of the parameters, and the gradient that they add up to

    void take_snapshot(std::int64_t epoch) {
        table_->set_writes(false);
        if (epoch % static_cast<std::int64_t>(settings_.hyper[0]) != 0) return;
        table_->clear();
        table_->set_writes(true);
        RowBlock<T> block(problem_, kBlockRows);
        RowWalk<T> walk(problem_, params_, kBlockRows);
        std::vector<double> coef(grad_.coef.size());
        std::vector<double> intercept(grad_.intercept.size());
        std::int64_t n_present = 0;
        for (std::int64_t begin = 0; begin < problem_.X.n_rows; begin += kBlockRows) {
            block.gather({nullptr, problem_.X.n_rows}, begin, std::min(begin + kBlockRows, problem_.X.n_rows));
            table_->begin_batch(1);
            walk.pass(params_, block, 0, block.count(), static_cast<T>(1.0 / problem_.mean_weight), &grad_, &*table_);
            n_present += block.count();
            take(grad_.coef, coef);
            take(grad_.intercept, intercept);
        }
        Parameters<T>& mean = updates_.slot(0);
        for (std::size_t i = 0; i < coef.size(); ++i)
            mean.coef[i] = static_cast<T>(coef[i] / static_cast<double>(n_present));
        for (std::size_t i = 0; i < intercept.size(); ++i)
            mean.intercept[i] = static_cast<T>(intercept[i] / static_cast<double>(n_present));
        table_->set_writes(false);
    }
    static void take(AlignedBuffer<T>& from, std::vector<double>& to) {
        for (std::size_t i = 0; i < to.size(); ++i) to[i] += static_cast<double>(from[i]);
        from.clear();
    }

    // ---- a mini-batch a step

    void descend_batches(const Slice& slice, StepSums& sums) {
        if (wanted_team_ == 1) return descend_alone(slice, sums);
        const auto began = std::chrono::steady_clock::now();
        choice_.wants_team() ? descend_as_team(slice, sums) : descend_alone(slice, sums);
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - began;
        choice_.took(time.count() / static_cast<double>(slice.rows.size()));
    }

    void descend_as_team(const Slice& slice, StepSums& sums) {
        parallel(wanted_team_, [&](int thread, int n_threads, Barrier& barrier) {
            // Fewer than wanted, when another run of this process has the threads.
            if (n_threads == 1) return descend_alone(slice, sums);
            if (!team_walk_ || team_walk_->size() != n_threads) {
                barrier.wait();
                if (thread == 0) team_walk_.emplace(problem_, params_, settings_.batch_size, n_threads);
                barrier.wait();
            }
            descend_in_team(slice, sums, thread, barrier);
        });
    }

    void descend_alone(const Slice& slice, StepSums& sums) {
        if (!walk_) walk_.emplace(problem_, params_, settings_.batch_size);
        for_batches(slice, [&](std::size_t batch, std::int64_t begin, std::int64_t end, double scale) {
            const BlockSums<T>& of_batch = walk_->pass(params_, *block_, begin, end, static_cast<T>(scale), &grad_);
            add(of_batch, sums);
            update(batch, [&](int m) { return of_batch.loss(m) * scale; });
        });
    }

    // Every thread walks all batches over its own columns; the first one keeps the sums.
    void descend_in_team(const Slice& slice, StepSums& sums, int thread, Barrier& barrier) {
        for_batches(slice, [&](std::size_t batch, std::int64_t begin, std::int64_t end, double scale) {
            const BlockSums<T>& of_batch =
                team_walk_->pass(thread, barrier, params_, *block_, begin, end, static_cast<T>(scale), grad_);
            if (thread == 0) add(of_batch, sums);
            if (updates_.is_whole()) {
                barrier.wait();
                if (thread == 0) update(batch, [&](int m) { return of_batch.loss(m) * scale; });
                barrier.wait();
                return;
            }
            updates_.step_columns(batch, team_walk_->columns(thread), params_, grad_);
            if (thread == 0) updates_.step_intercepts(batch, params_, grad_);
        });
    }

    template <class F>
    void for_batches(const Slice& slice, F&& visit) const {
        std::int64_t begin = 0;
        for (std::size_t b = 0; b < slice.batch_ends.size(); ++b) {
            const std::int64_t end = slice.batch_ends[b];
            visit(b, begin, end, 1.0 / (problem_.mean_weight * static_cast<double>(end - begin)));
            begin = end;
        }
    }

    static void add(const BlockSums<T>& batch, StepSums& sums) {
        for (std::size_t m = 0; m < sums.loss.size(); ++m) {
            sums.loss[m] += batch.loss(static_cast<int>(m));
            sums.finite[m] = sums.finite[m] && batch.finite()[m];
        }
    }

    const LinearProblem<T>& problem_;
    ModelSettings settings_;
    const OptimizerInfo& info_;
    bool per_sample_ = false;
    int wanted_team_ = 1;
    Parameters<T> params_;
    Parameters<T> grad_;
    Updates<T> updates_;
    LineSearches searches_;
    std::vector<double> flat_;
    std::vector<double> flat_grad_;
    std::optional<SlopeTable<T>> table_;
    std::int64_t last_epoch_ = -1;
    std::vector<T> l2_;
    std::vector<T> l1_;
    std::vector<T> lr_;
    std::optional<RowBlock<T>> block_;
    std::int64_t block_capacity_ = 0;
    std::optional<RowWalk<T>> walk_;
    std::optional<TeamWalk<T>> team_walk_;
    TeamChoice choice_;
    // Of one row, for each model and output.
    AlignedBuffer<T> row_scores_;
    AlignedBuffer<T> row_dloss_;
};

}  // namespace

std::unique_ptr<Run> LinearObjective::start_run(ModelSettings settings) const {
    return std::visit(
        [&]<class T>(const LinearProblem<T>& problem) -> std::unique_ptr<Run> {
            return std::make_unique<LinearRun<T>>(problem, std::move(settings));
        },
        impl_->problem);
}

}  // namespace fastgd
