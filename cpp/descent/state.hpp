#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "descent/run.hpp"
#include "descent/stopping.hpp"
#include "fastgd/minimize.hpp"

namespace fastgd {

// How often a model that diverged begins anew, at a smaller rate.
inline constexpr int kMaxRestarts = 3;

// What has become of one model, beside its parameters in the run.
struct ModelProgress {
    ModelProgress(std::optional<double> tol, std::int64_t n_iter_no_change) : convergence(tol, n_iter_no_change) {}
    Convergence convergence;
    std::optional<Status> ended{};
    ConvergedBy converged_by = ConvergedBy::none;
    // Steps that its parameters are the result of, and what its schedule's rate is multiplied by.
    std::int64_t n_steps = 0;
    // All steps made, also those that a restart took back; and those before the epoch.
    std::int64_t n_made = 0;
    std::int64_t n_made_before = 0;
    double rate_factor = 1.0;
    int n_restarts = 0;
    // Since the beginning or the last restart.
    std::int64_t n_epochs = 0;
    // When the epoch began, and when that of the best loss did.
    ModelState begin{};
    ModelState best{};
    std::vector<double> final_params{};
    // The first epoch's from the start, and the largest of that and the first two since the last restart: one alone may
    // be near 0 by chance.
    double first_loss = 0.0;
    double early_loss = 0.0;
    double last_loss = std::numeric_limits<double>::quiet_NaN();
    double best_loss = std::numeric_limits<double>::infinity();
    // The parameters that the epoch of the best loss began and ended with: that loss is a mean over the way from one to
    // the other. A full batch has its loss at the beginning, and no end.
    std::vector<double> best_begin{};
    std::vector<double> best_end{};

    void serialize(Archive& archive);

    // Those on the way to divergence tell neither of convergence nor of what is large.
    void forget_losses(std::optional<double> tol, std::int64_t n_iter_no_change) {
        n_epochs = 0;
        early_loss = first_loss;
        last_loss = std::numeric_limits<double>::quiet_NaN();
        convergence = Convergence(tol, n_iter_no_change);
    }
};

// Whether one can be put where the other is.
bool is_alike(const ModelState& a, const ModelState& b);
// Whether these are what a run may have left in a checkpoint, whose checksum anybody can make: counts far from where
// adding to them overflows, and places to go back to of the right size.
bool is_count(std::int64_t n);
bool is_sound(const History& history, std::size_t n_models);
bool is_sound(const ModelProgress& model, std::size_t n_params, const ModelState& like);

// A run that would end with this many times the loss it began with has diverged, though every number is finite.
inline constexpr double kGrowth = 10.0;

// What a model's run has come to, which ended as a whole as `ended` says, with the parameters x.
Status status_of(const ModelProgress& model, Status ended, std::span<const double> x);

// Where a descent was when it ended, and can go on.
struct DescentState {
    // The next epoch's number, and steps made so far.
    std::int64_t epoch = 0;
    std::int64_t step = 0;
    std::vector<ModelProgress> models;
    std::vector<ModelState> runs;
    // What schedules have learned, [model][...].
    std::vector<double> rates;
};

}  // namespace fastgd
