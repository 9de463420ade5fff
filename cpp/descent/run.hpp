#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace fastgd {

// Whole batches of rows in the order of their visit; rows of weight 0 are not among them, nor batches without rows.
struct Slice {
    std::span<const std::int64_t> rows;
    // Where in `rows` each batch ends.
    std::span<const std::int64_t> batch_ends;
    // [batch][model]
    std::span<const double> lr;
    // Optimiser steps done before the first batch.
    std::int64_t first_step;
};

// Sums over the rows of some steps, before the updates of their batches.
struct StepSums {
    double weight = 0.0;
    // One a model: the sum of losses, and whether all raw scores were finite.
    std::span<double> loss;
    std::span<bool> finite;
};

// The parameters and optimiser state of all models while they descend. The loop above it knows of epochs, orders and
// stopping; this knows of data and kernels.
class Run {
public:
    virtual ~Run() = default;

    // One optimiser step a batch; adds to the sums.
    virtual void descend(const Slice& slice, StepSums& sums) = 0;

    // One step on all rows; `grad_norm` (one a model) is that of F, penalty included, before the step. `poll` is called
    // now and then on the calling thread; what it throws ends the step before the update.
    virtual void descend_full(std::span<const double> lr, std::int64_t step, StepSums& sums,
                              std::span<double> grad_norm, const std::function<void()>& poll) = 0;

    // F and its gradient's norm at the parameters; NaN where a raw score is not finite.
    virtual void evaluate(std::span<double> value, std::span<double> grad_norm) = 0;

    // The penalty of each model at its parameters.
    virtual void penalties(std::span<double> out) = 0;

    // n_models x n_params.
    virtual void get_params(std::span<double> out) = 0;
    virtual void set_params(std::span<const double> params) = 0;
};

}  // namespace fastgd
