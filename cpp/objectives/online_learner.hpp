#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "descent/run.hpp"
#include "objectives/parameters.hpp"
#include "objectives/updates.hpp"

namespace fastgd {

struct OnlineOptions {
    std::string loss;
    std::optional<double> loss_param{};
    int n_outputs = 1;
    bool fit_intercept = true;
    // Whether the learning rate is the same at every step.
    bool steady_rate = true;
};

// The columns of a row that are not zero, in any order; those that come twice add up.
struct SparseRow {
    std::span<const std::int64_t> column;
    std::span<const double> value;
};

// A linear model that learns from a row at a time, in double, with the kernels and the arithmetic of a descent of batch
// size 1. Columns may be added at any time, as if all rows before had had zeros there.
class OnlineLearner {
public:
    // Throws std::invalid_argument for what does not fit together.
    OnlineLearner(const OnlineOptions& options, ModelSettings settings);
    OnlineLearner(const OnlineLearner&) = delete;
    OnlineLearner& operator=(const OnlineLearner&) = delete;

    int n_outputs() const { return params_.n_outputs; }
    std::int64_t n_features() const { return n_features_; }
    std::int64_t n_steps() const { return n_steps_; }

    // Drops columns too, which then must have seen no row yet.
    void set_n_features(std::int64_t n_features);

    // One step; returns the loss before it. A row of weight 0 is no step. `row` has n_features entries, a sparse row
    // columns below that. Throws NonFiniteError, and changes nothing, where a raw score is not finite.
    double update(std::span<const double> row, double y, double weight, double lr);
    double update(const SparseRow& row, double y, double weight, double lr);

    // Raw scores, by the parameters that the optimiser reports.
    std::span<const double> scores(std::span<const double> row);
    std::span<const double> scores(const SparseRow& row);

    // The parameters that the optimiser reports.
    Parameters<double>& reported();

    // Number of columns that there is room for, on which the layout of a state depends.
    std::int64_t capacity() const { return params_.n_features; }
    ModelState state();
    void set_state(std::int64_t n_features, std::int64_t capacity, const ModelState& state);

private:
    void reserve(std::int64_t capacity);
    void pack(const SparseRow& row);
    void reserve_packed(std::int64_t n_entries);
    void gather(const Parameters<double>& from, Parameters<double>& to) const;
    void scatter(const Parameters<double>& from, Parameters<double>& to) const;
    bool is_full(const SparseRow& row) const;
    bool is_narrow(const SparseRow& row) const;

    void forward(std::span<const double> row, const Parameters<double>& coef, const Parameters<double>& intercept);
    // Adds the gradient of the row, whose scores are there, to both; returns the row's loss.
    double backward(std::span<const double> row, double y, double weight, Parameters<double>& coef_grad);
    void prepare(double lr);
    double penalty();

    const Kernels<double>& kernels_;
    const StorageKernels<double>& storage_;
    ModelSettings settings_;
    const OptimizerInfo& info_;
    LossKernel<double> loss_;
    LossCall<double> loss_call_{};
    Parameters<double> params_;
    Parameters<double> grad_;
    Updates<double> updates_;
    // What the optimiser's slots hold of a column before its first step.
    double fresh_slot_ = 0.0;
    // Slots that a step on some columns reads; none where steps change other columns, too.
    std::optional<int> local_slots_;
    std::int64_t n_features_ = 0;
    std::int64_t n_steps_ = 0;
    // Of the step at hand.
    double lr_ = 0.0;
    std::int64_t step_ = 0;

    // One line an output, as far apart as kernels want them.
    AlignedBuffer<double> scores_;
    AlignedBuffer<double> dloss_;
    std::vector<double> out_;
    // A sparse row with its zeros.
    std::vector<double> row_;
    // A sparse row side by side: its columns, its values, and the parameters that belong to them.
    std::vector<std::int64_t> column_;
    std::vector<double> value_;
    std::vector<std::int32_t> place_;
    Parameters<double> packed_;
    Parameters<double> packed_grad_;
    std::vector<Parameters<double>> packed_slots_;
    // Where it is not what is at hand: up to date after how many steps.
    std::optional<Parameters<double>> reported_;
    std::int64_t reported_at_ = -1;
};

}  // namespace fastgd
