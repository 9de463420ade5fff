#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "fastgd/penalty.hpp"
#include "runtime/archive.hpp"

namespace fastgd {

// What may differ between the models of one run, beside their start, and what they share.
struct ModelSettings {
    int n_models;
    int optimizer;
    // [model][kMaxHyper]
    std::vector<double> hyper;
    std::vector<Penalty> penalties;
    // What is added to the gradient of each intercept.
    double intercept_slope = 0.0;
    // Largest magnitude of a gradient's entry, and largest norm of a gradient; 0 for any.
    double clip_value = 0.0;
    double clip_norm = 0.0;
    // 0: all rows.
    std::int64_t batch_size = 0;
    // Whether mini-batches count weights as they are.
    bool stream = false;
    int n_threads = 1;
    bool lazy = false;
    // The fold of each row, where models hold out folds, and the one that each model does; -1 for none.
    std::vector<std::int32_t> fold_of_row{};
    std::vector<int> fold_of_model{};
    int n_folds = 0;
    // Seeds of what chance an objective has in its steps, one a model; empty: all 0.
    std::vector<std::uint64_t> init_seed{};

    std::uint64_t seed(int m) const { return init_seed.empty() ? 0 : init_seed[static_cast<std::size_t>(m)]; }
    const Penalty& penalty(int m) const { return penalties[static_cast<std::size_t>(m)]; }
};

// The optimiser's steps on some batches, one number for each batch and model.
struct StepPlan {
    std::size_t n_models = 0;
    std::span<const double> lr;
    // Steps done before; -1 where the model makes none on the batch.
    std::span<const std::int64_t> step;
    // The batch's rows that the model sees, and, one a model, all that it sees.
    std::span<const std::int64_t> n_rows;
    std::span<const std::int64_t> n_seen;

    std::size_t at(std::size_t batch, int model) const { return batch * n_models + static_cast<std::size_t>(model); }
    bool runs(std::size_t batch, int model) const { return step[at(batch, model)] >= 0; }
};

// Whole batches of rows in the order of their visit; batches of which no model sees a row are not among them, and rows
// of weight 0 are only where they would change the place of others in their batch.
struct Slice {
    std::int64_t epoch;
    std::span<const std::int64_t> rows;
    // Where in `rows` each batch ends.
    std::span<const std::int64_t> batch_ends;
    StepPlan plan;
};

// Sums over the rows of some steps, before the updates of their batches.
struct StepSums {
    // One a model: of weights, of losses, and whether all raw scores were finite.
    std::span<double> weight;
    std::span<double> loss;
    std::span<bool> finite;
};

// A model's parameters and its optimiser's state, as the run lays them out: to go back to.
struct ModelState {
    std::vector<double> params;
    std::vector<double> slots;
    std::vector<double> memory;
    // Known to the loop, which is who sets it.
    std::int64_t n_steps = 0;

    // Keeps the memory, for the next one.
    void clear() {
        params.clear();
        slots.clear();
        memory.clear();
    }
    void serialize(Archive& archive) {
        archive.resizable(params, slots, memory);
        archive(n_steps);
    }
};

// Whether an optimiser that searches along lines has found nothing yet that is lower than its start, has, or knows that
// it can go no further.
enum class Line { starting, descending, finished };

// The parameters and optimiser state of all models while they descend. The loop above it knows of epochs, orders and
// stopping; this knows of data and kernels.
class Run {
public:
    virtual ~Run() = default;

    // Rows of a slice, at most, unless a single batch has more: so that it takes no more than some 20 ms.
    virtual std::int64_t rows_at_once() const = 0;

    // One optimiser step a batch; adds to the sums. `poll` is called now and then on the calling thread where batches
    // take long; what it throws leaves the parameters between two steps.
    virtual void descend(const Slice& slice, StepSums& sums, const std::function<void()>& poll) = 0;

    // One step on all rows. `value` and `grad_norm` (one a model) are F, penalty included, and its gradient before the
    // step, or at the best point yet where the optimiser searches along lines; F is infinite where a raw score is.
    // `poll` is called now and then on the calling thread; what it throws ends the step before the update.
    virtual void descend_full(const StepPlan& plan, std::span<double> value, std::span<double> grad_norm,
                              const std::function<void()>& poll) = 0;

    // After a step on all rows.
    virtual Line line(int model) const = 0;
    // Nothing more is asked of a model, but that `set_params` is to reach it: what it would cost may be saved.
    virtual void retire(int) {}

    // F and its gradient's norm at the parameters; F is infinite where a raw score is. Without `grad_norm`, which is
    // then empty, F alone. `poll` is called now and then on the calling thread; what it throws ends the evaluation.
    virtual void evaluate(std::span<double> value, std::span<double> grad_norm, const std::function<void()>& poll) = 0;
    // The mean loss over the rows that each model holds out.
    virtual void evaluate_held_out(std::span<double>, const std::function<void()>&) {}

    // The penalty of each model at its parameters.
    virtual void penalties(std::span<double> out) = 0;

    // A model's parameters: what the optimiser reports, which for most is where the next gradients are taken.
    virtual void solution(int model, std::span<double> out) = 0;
    virtual void set_params(int model, std::span<const double> params) = 0;

    // Into memory that may have held one before; `look` is called now and then.
    virtual void state(int model, ModelState& to, const std::function<void()>& look) = 0;
    virtual void set_state(int model, const ModelState& state) = 0;

    // Shows everything of a model that changes, between two slices, so that one that reads it goes on with the same
    // bits: more than its state, from which some begin anew. Each model by itself, as the threads that a run is dealt
    // out to may be others by then.
    virtual void serialize(int model, Archive& archive) = 0;
};

}  // namespace fastgd
