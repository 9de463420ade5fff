#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fastgd/objective.hpp"
#include "fastgd/per_model.hpp"
#include "fastgd/schedule.hpp"

namespace fastgd {

// Where a descent was when it ended; a run with the same options goes on from there, in the bits of one that never
// ended.
struct DescentState;
// That of some of its models, in the given order.
std::shared_ptr<const DescentState> select(const DescentState& state, std::span<const std::int64_t> models);

enum class Status : std::uint8_t { converged, max_epochs, time_limit, interrupted, callback, diverged };
const char* status_name(Status status);

struct DescentOptions {
    std::string optimizer = "sgd";
    std::vector<PerModel> optimizer_params{};
    ScheduleSpec schedule{};
    // Penalties of each model; the objective's where empty.
    std::vector<double> alpha{};
    std::vector<double> l1_ratio{};
    // 0: all rows, batch gradient descent; 1: stochastic; else mini-batches.
    std::int64_t batch_size = 0;
    std::int64_t max_epochs = 100;
    // The relative decrease of the best loss over n_iter_no_change epochs under which a model has converged.
    std::optional<double> tol = 1e-4;
    std::int64_t n_iter_no_change = 5;
    bool shuffle = true;
    // Row indices for an epoch, in place of shuffling.
    std::function<std::vector<std::int64_t>(std::int64_t epoch)> order{};
    std::uint64_t seed = 0;
    // One a model: the seed of what chance an objective has in its steps, such as dropout; all 0 where empty.
    std::vector<std::uint64_t> init_seed{};
    // The norm of the gradient at which a model has converged; full batches only.
    std::optional<double> gtol{};
    // The duality gap at which the only model has converged; full batches only, looked at every 10 epochs.
    std::optional<double> gap_tol{};
    // Gradients, penalty included, are clipped to this magnitude of an entry, then to this norm; 0: not at all.
    double clip_value = 0.0;
    double clip_norm = 0.0;
    // For mini-batches of CSR rows: whether an optimiser whose idle coefficients cannot catch up exactly with the steps
    // that they have missed leaves them as they are, penalty included, instead of moving all coefficients in every
    // step.
    bool lazy = false;
    // Cross-validation: the fold of each row, from 0, and the one that each model holds out, so that it descends as if
    // those rows weighed nothing; -1 for none. Empty: no folds.
    std::vector<std::int32_t> fold_of_row{};
    std::vector<int> fold_of_model{};
    // Whether the rows are a piece of a stream: weights count as they are, not divided by their mean, which the rows to
    // come might change; a model only goes on, without being judged, taken back or evaluated.
    bool stream = false;
    // Whether the objective and its gradient are wanted at the end, which takes a pass over the data; else they are
    // NaN, unless it is they that say which of two parameters are the better ones.
    bool evaluate = true;
    // Whether the gradient is wanted there, too; else its norm is NaN.
    bool grad_norm = true;
    // A state to go on from, for max_epochs more.
    std::shared_ptr<const DescentState> resume{};
    // What Observer::checkpoint was given by a run with these options on these data, to go on from: then max_epochs
    // counts the epochs before it, too.
    std::span<const std::byte> checkpoint{};
    // How often the observer is given one: after so many epochs, 0 for never, or after so many seconds, also within an
    // epoch. At the end it is given a last one, from which a run is at its end at once.
    std::int64_t checkpoint_epochs = 0;
    double checkpoint_seconds = std::numeric_limits<double>::infinity();
    double time_limit = std::numeric_limits<double>::infinity();
    int n_threads = 0;
};

struct EpochInfo {
    std::int64_t epoch;
    std::int64_t step;
    std::span<const double> loss;
    std::span<const double> lr;
    double seconds;
    // Copies the parameters, n_models x n_params.
    std::function<void(std::span<double>)> params;
};

// Called between parallel regions on the calling thread; what it throws ends the run, and is passed on unless it is
// Interrupted.
class Observer {
public:
    virtual ~Observer() = default;
    // What the models' rates are multiplied by from here on; 0 ends the run.
    virtual double epoch_end(const EpochInfo&) { return 1.0; }
    // At least every 50 ms, and as often as it is convenient. True interrupts the run: the best valid parameters are
    // the result, evaluated as far as that takes no longer than another 50 ms.
    virtual bool interrupted() { return false; }
    // All that a run needs to go on from here, and how many epochs it has made; the bytes are of this version of the
    // library and of machines of this byte order.
    virtual void checkpoint(std::int64_t /*n_epochs*/, std::span<const std::byte> /*state*/) {}
};

struct History {
    std::vector<std::int64_t> epoch;
    std::vector<double> seconds;
    // One row an epoch, one column a model.
    std::vector<std::int64_t> step;
    std::vector<double> loss;
    std::vector<double> lr;
    std::vector<double> grad_norm;
};

struct DescentResult {
    std::int64_t n_models = 0;
    std::vector<double> x;
    std::vector<double> fun;
    std::vector<double> grad_norm;
    // The mean loss on the rows that a model held out, without the penalty; empty without folds.
    std::vector<double> held_out;
    std::vector<double> lr;
    std::vector<Status> status;
    // What a model that converged did so by: tol, gtol, gap_tol or line search.
    std::vector<std::string> converged_by;
    // How often a model went back to its best parameters, to go on with a tenth of its rate.
    std::vector<int> n_restarts;
    std::int64_t n_epochs = 0;
    std::vector<std::int64_t> n_steps;
    // The first row and column of X that is not finite, where that ended the run.
    std::optional<std::pair<std::int64_t, std::int64_t>> nonfinite;
    History history;
    std::shared_ptr<const DescentState> state;
};

// Gradient descent from `params` (n_models x n_params, C order): every model in the same passes over the data, each
// with the bits it would have alone. Throws std::invalid_argument for what does not fit together.
DescentResult minimize(const Objective& objective, std::span<const double> params, const DescentOptions& options,
                       Observer* observer = nullptr);

}  // namespace fastgd
