#include "objectives/linear_run.hpp"

#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "objectives/full_pass.hpp"
#include "objectives/linear_access.hpp"
#include "objectives/row_walk.hpp"
#include "objectives/team_choice.hpp"
#include "objectives/team_walk.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

// A mini-batch up to this size is one accumulation block in the compute type; larger ones are summed as full batches.
constexpr std::int64_t kLargestMiniBatch = 4096;

template <class T>
class LinearRun final : public Run {
public:
    LinearRun(const LinearProblem<T>& problem, ModelSettings settings, std::int64_t batch_size, int n_threads)
        : problem_(problem),
          settings_(std::move(settings)),
          optimizer_(kernels().optimizers[settings_.optimizer]),
          n_threads_(n_threads),
          batch_size_(batch_size),
          params_(shape()),
          grad_(shape()) {
        for (int i = 0; i < optimizer_.n_slots; ++i) state_.push_back(shape());
        for (int m = 0; m < settings_.n_models; ++m) {
            l2_.push_back(static_cast<T>(penalty(m).l2()));
            l1_.push_back(static_cast<T>(penalty(m).l1()));
        }
        // Only plain SGD has its state in the parameters alone, so that a row's update can meet the next row's scores.
        per_sample_ = batch_size == 1 && std::string(optimizer_.name) == "sgd";
        for (int m = 0; m < settings_.n_models; ++m) per_sample_ = per_sample_ && hyper(m)[0] == 0.0;
        if (per_sample_) {
            row_scores_ = AlignedBuffer<T>(static_cast<std::size_t>(params_.n_scores()));
            row_dloss_ = AlignedBuffer<T>(static_cast<std::size_t>(params_.n_scores()));
        } else if (batch_size != 0 && batch_size <= kLargestMiniBatch) {
            wanted_team_ = team_for_step(batch_size, problem.X.n_cols, params_.n_scores(), n_threads);
        }
    }

    void descend(const Slice& slice, StepSums& sums) override {
        lr_.assign(slice.lr.begin(), slice.lr.end());
        if (batch_size_ > kLargestMiniBatch) return descend_large(slice, sums);
        const std::int64_t n_rows = std::ssize(slice.rows);
        if (!block_ || block_capacity_ < n_rows) {
            block_capacity_ = n_rows;
            block_.emplace(problem_, block_capacity_);
        }
        block_->gather({slice.rows.data(), n_rows}, 0, n_rows);
        sums.weight += block_->weight_sum(0, n_rows);
        per_sample_ ? descend_rows(sums) : descend_batches(slice, sums);
    }

    void descend_full(std::span<const double> lr, std::int64_t step, StepSums& sums, std::span<double> grad_norm,
                      const std::function<void()>& poll) override {
        const PassSums pass = full_pass(problem_, params_, {nullptr, problem_.X.n_rows}, true, n_threads_, poll);
        norms(pass, grad_norm);
        add(pass, sums);
        lr_.assign(lr.begin(), lr.end());
        update_all(pass, pass.weight, lr_.data(), step);
    }

    void evaluate(std::span<double> value, std::span<double> grad_norm) override {
        const PassSums pass = full_pass(problem_, params_, {nullptr, problem_.X.n_rows}, true, n_threads_);
        norms(pass, grad_norm);
        penalties(value);
        for (std::size_t m = 0; m < value.size(); ++m)
            value[m] += pass.finite[m] ? pass.loss[m] / pass.weight : std::numeric_limits<double>::quiet_NaN();
    }

    void penalties(std::span<double> out) override {
        std::vector<double> flat(static_cast<std::size_t>(settings_.n_models * params_.n_params()));
        params_.get(flat.data());
        for (int m = 0; m < settings_.n_models; ++m)
            out[static_cast<std::size_t>(m)] = penalty(m).value(flat.data() + m * params_.n_params(), n_coef());
    }

    void get_params(std::span<double> out) override { params_.get(out.data()); }
    void set_params(std::span<const double> params) override { params_.set(params.data()); }

private:
    Parameters<T> shape() const {
        return Parameters<T>(settings_.n_models, problem_.n_outputs, problem_.X.n_cols, problem_.fit_intercept);
    }
    Penalty penalty(int m) const {
        return {settings_.alpha[static_cast<std::size_t>(m)], settings_.l1_ratio[static_cast<std::size_t>(m)]};
    }
    const double* hyper(int m) const { return settings_.hyper.data() + std::ptrdiff_t{m} * kMaxHyper; }
    std::ptrdiff_t n_coef() const { return problem_.n_outputs * params_.n_features; }

    // ---- one step on sums over many rows

    void norms(const PassSums& pass, std::span<double> out) {
        const std::ptrdiff_t n = params_.n_params();
        std::vector<double> flat(static_cast<std::size_t>(settings_.n_models * n));
        std::vector<double> grad(flat.size());
        params_.get(flat.data());
        write_gradient(pass, params_, pass.weight, grad.data());
        for (int m = 0; m < settings_.n_models; ++m) {
            penalty(m).add_gradient(flat.data() + m * n, grad.data() + m * n, n_coef());
            double squares = 0.0;
            for (std::ptrdiff_t i = m * n; i < (m + 1) * n; ++i)
                squares += grad[static_cast<std::size_t>(i)] * grad[static_cast<std::size_t>(i)];
            out[static_cast<std::size_t>(m)] = std::sqrt(squares);
        }
    }

    static void add(const PassSums& pass, StepSums& sums) {
        sums.weight += pass.weight;
        for (std::size_t m = 0; m < sums.loss.size(); ++m) {
            sums.loss[m] += pass.loss[m];
            sums.finite[m] = sums.finite[m] && pass.finite[m];
        }
    }

    void update_all(const PassSums& pass, double weight, const T* lr, std::int64_t step) {
        for (std::size_t i = 0; i < pass.coef.size(); ++i) grad_.coef[i] = static_cast<T>(pass.coef[i] / weight);
        for (std::ptrdiff_t s = 0; problem_.fit_intercept && s < params_.n_scores(); ++s)
            grad_.bias(s) = static_cast<T>(pass.intercept[static_cast<std::size_t>(s)] / weight);
        update_columns({0, params_.n_features}, lr, step);
        update_intercepts(lr, step);
    }

    void descend_large(const Slice& slice, StepSums& sums) {
        std::int64_t begin = 0;
        for (std::size_t b = 0; b < slice.batch_ends.size(); ++b) {
            const std::int64_t count = slice.batch_ends[b] - begin;
            const PassSums pass = full_pass(problem_, params_, {slice.rows.data() + begin, count}, true, n_threads_);
            add(pass, sums);
            update_all(pass, problem_.mean_weight * static_cast<double>(count), lr_at(b),
                       slice.first_step + static_cast<std::int64_t>(b));
            begin = slice.batch_ends[b];
        }
    }

    // ---- the optimiser on some columns, and on the intercepts

    UpdateCall<T> update_call(int m, const T* lr, std::int64_t step, T* const* state) const {
        UpdateCall<T> call{};
        call.state = state;
        call.lr = lr[m];
        call.step = step;
        call.hyper = hyper(m);
        return call;
    }

    void update_columns(Columns columns, const T* lr, std::int64_t step) {
        const UpdateKernel<T> update = problem_.kernels->update[settings_.optimizer];
        for (std::ptrdiff_t s = 0; s < params_.n_scores(); ++s) {
            const int m = static_cast<int>(s / problem_.n_outputs);
            T* state[kMaxSlots] = {};
            for (std::size_t i = 0; i < state_.size(); ++i) state[i] = state_[i].coef_row(s) + columns.begin;
            UpdateCall<T> call = update_call(m, lr, step, state);
            call.param = params_.coef_row(s) + columns.begin;
            call.grad = grad_.coef_row(s) + columns.begin;
            call.n = round_up(columns.end - columns.begin, kLaneAlign);
            call.l2 = l2_[static_cast<std::size_t>(m)];
            call.l1 = l1_[static_cast<std::size_t>(m)];
            update(call);
        }
    }

    void update_intercepts(const T* lr, std::int64_t step) {
        if (!problem_.fit_intercept) return;
        for (int m = 0; m < settings_.n_models; ++m) {
            const std::ptrdiff_t first = m * params_.intercept_stride;
            T* state[kMaxSlots] = {};
            for (std::size_t i = 0; i < state_.size(); ++i) state[i] = state_[i].intercept.data() + first;
            UpdateCall<T> call = update_call(m, lr, step, state);
            call.param = params_.intercept.data() + first;
            call.grad = grad_.intercept.data() + first;
            call.n = params_.intercept_stride;
            problem_.kernels->update[settings_.optimizer](call);
        }
    }

    const T* lr_at(std::size_t batch) const {
        return lr_.data() + batch * static_cast<std::size_t>(settings_.n_models);
    }

    // ---- a row a step

    void descend_rows(StepSums& sums) {
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
                if (thread == 0) team_walk_.emplace(problem_, params_, batch_size_, n_threads);
                barrier.wait();
            }
            descend_in_team(slice, sums, thread, barrier);
        });
    }

    void descend_alone(const Slice& slice, StepSums& sums) {
        if (!walk_) walk_.emplace(problem_, params_, batch_size_);
        for_batches(slice, [&](std::int64_t begin, std::int64_t end, T scale, const T* lr, std::int64_t step) {
            add(walk_->pass(params_, *block_, begin, end, scale, &grad_), sums);
            update_columns({0, params_.n_features}, lr, step);
            update_intercepts(lr, step);
        });
    }

    // Every thread walks all batches over its own columns; the first one keeps the sums.
    void descend_in_team(const Slice& slice, StepSums& sums, int thread, Barrier& barrier) {
        for_batches(slice, [&](std::int64_t begin, std::int64_t end, T scale, const T* lr, std::int64_t step) {
            const BlockSums<T>& batch = team_walk_->pass(thread, barrier, params_, *block_, begin, end, scale, grad_);
            update_columns(team_walk_->columns(thread), lr, step);
            if (thread != 0) return;
            add(batch, sums);
            update_intercepts(lr, step);
        });
    }

    template <class F>
    void for_batches(const Slice& slice, F&& visit) const {
        std::int64_t begin = 0;
        for (std::size_t b = 0; b < slice.batch_ends.size(); ++b) {
            const std::int64_t end = slice.batch_ends[b];
            visit(begin, end, static_cast<T>(1.0 / (problem_.mean_weight * static_cast<double>(end - begin))), lr_at(b),
                  slice.first_step + static_cast<std::int64_t>(b));
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
    const OptimizerInfo& optimizer_;
    int n_threads_;
    std::int64_t batch_size_;
    bool per_sample_ = false;
    int wanted_team_ = 1;
    Parameters<T> params_;
    Parameters<T> grad_;
    std::vector<Parameters<T>> state_;
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

std::unique_ptr<Run> start_run(const LinearObjective& objective, ModelSettings settings, std::int64_t batch_size,
                               int n_threads) {
    return std::visit(
        [&]<class T>(const LinearProblem<T>& problem) -> std::unique_ptr<Run> {
            return std::make_unique<LinearRun<T>>(problem, std::move(settings), batch_size, n_threads);
        },
        LinearAccess::impl(objective).problem);
}

}  // namespace fastgd
