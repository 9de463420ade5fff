#include "fastgd/minimize.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <utility>

#include "descent/due.hpp"
#include "descent/ending.hpp"
#include "descent/folds.hpp"
#include "descent/model_settings.hpp"
#include "descent/rates.hpp"
#include "descent/run.hpp"
#include "descent/sampler.hpp"
#include "descent/state.hpp"
#include "descent/watch.hpp"
#include "fastgd/errors.hpp"
#include "runtime/append.hpp"
#include "runtime/archive.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/registry_lookup.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

using Clock = std::chrono::steady_clock;

// Steps between two looks at the clock, at most.
constexpr std::int64_t kSliceSteps = 1024;
// For the end of a run that was interrupted: who presses Ctrl-C does not wait for passes over large data.
constexpr std::chrono::milliseconds kEvaluation{50};
// At this many times the loss that it began with the end of a run is not waited for.
constexpr double kExplosion = 1e4;
// What becomes of the rate of a model that diverged.
constexpr double kSmaller = 0.1;

// A gap takes up to two passes over the data.
constexpr std::int64_t kGapEpochs = 10;

void require(bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument(message);
}

class Descent {
public:
    Descent(const Objective& objective, std::span<const double> params, const DescentOptions& options,
            Observer* observer)
        : objective_(objective),
          options_(options),
          observer_(observer),
          watch_(observer, options.time_limit),
          n_params_(static_cast<std::size_t>(objective.n_params())),
          n_models_(params.size() / n_params_),
          folds_(objective, options.fold_of_row, options.fold_of_model, n_models_),
          full_(options.batch_size == 0),
          rates_(options.schedule, n_models_),
          due_(observer == nullptr ? Due() : Due(options.checkpoint_epochs, options.checkpoint_seconds)),
          loss_(n_models_),
          weight_(n_models_),
          lr_(n_models_),
          grad_norm_(n_models_, std::nan("")),
          finite_(std::make_unique<bool[]>(n_models_)),
          penalty_(n_models_) {
        require(n_models_ > 0 && params.size() == n_models_ * n_params_,
                "params must hold a whole number of models of " + std::to_string(n_params_) + " parameters");
        const OptimizerInfo& info = optimizer_of(options);
        line_search_ = info.line_search;
        ends_with_best_ = info.full_batch;
        for (std::vector<double>* copy : {&x_, &start_, &after_})
            if (copy != &after_ || !options.stream) append(*copy, params, watch_.looks());
        run_ = objective.start_run(make_settings(objective, options, n_models_, folds_.count()), watch_.interruption());
        for (std::size_t m = 0; m < n_models_; ++m, watch_.look()) {
            run_->set_params(static_cast<int>(m), part_of(x_, m));
            models_.emplace_back(options.tol, options.n_iter_no_change);
        }
        if (options.resume) resume(*options.resume);
        if (!options.checkpoint.empty()) go_on_from(options.checkpoint);
    }

    DescentResult run() {
        watch_.start();
        due_.saved(n_epochs_);
        Sampler sampler = make_sampler();
        Status ended = is_ended_ ? Status::callback : Status::max_epochs;
        try {
            while (n_epochs_ < options_.max_epochs && any_running() && !is_ended_) {
                // Else it goes on from within.
                if (position_ == 0) begin_epoch();
                try {
                    walk_epoch(sampler, next_epoch_);
                } catch (...) {
                    forget_epoch();
                    throw;
                }
                is_ended_ = !close_epoch(next_epoch_++);
                if (is_ended_) ended = Status::callback;
                if (due_.at(n_epochs_, is_ended_ || n_epochs_ == options_.max_epochs || !any_running())) save();
            }
        } catch (const Stopped& stop) {
            ended = stop.status;
        } catch (const Interrupted&) {
            ended = Status::interrupted;
        }
        return finish(ended);
    }

private:
    void resume(const DescentState& from) {
        require(from.models.size() == n_models_, "resume must hold a state for each model");
        for (std::size_t m = 0; m < n_models_; ++m, watch_.look()) models_[m] = from.models[m];
        next_epoch_ = from.epoch;
        step_ = from.step;
        const std::span<double> memory = rates_.memory();
        require(memory.size() == from.rates.size(), "resume must be of the same schedule");
        std::copy(from.rates.begin(), from.rates.end(), memory.begin());
        ModelState like;
        run_->state(0, like, watch_.looks());
        for (std::size_t m = 0; m < n_models_; ++m, watch_.look()) {
            // A state may be no more than a place in the schedule.
            if (from.runs[m].params.empty()) continue;
            require(is_alike(from.runs[m], like), "resume must be of the same objective and optimizer");
            run_->set_state(static_cast<int>(m), from.runs[m]);
        }
    }

    // Back to where an epoch began that did not come to its end.
    void forget_epoch() {
        for (std::size_t m = 0; m < n_models_; ++m) {
            ModelProgress& model = models_[m];
            if (model.ended || options_.stream) continue;
            run_->set_state(static_cast<int>(m), model.begin);
            model.n_steps = model.begin.n_steps;
            model.n_made = model.n_made_before;
        }
        step_ = steps_before_;
        position_ = 0;
    }

    void keep(std::size_t m, ModelState& to) {
        run_->state(static_cast<int>(m), to, watch_.looks());
        to.n_steps = models_[m].n_steps;
    }

    // Without what has become of the models, which is added when nobody asks for that any more.
    std::shared_ptr<DescentState> state() {
        auto state = std::make_shared<DescentState>();
        state->epoch = next_epoch_;
        state->step = step_;
        const std::span<double> memory = rates_.memory();
        state->rates.assign(memory.begin(), memory.end());
        for (std::size_t m = 0; m < n_models_; ++m) {
            // There is no going back any more.
            state->runs.push_back(std::move(models_[m].begin));
            keep(m, state->runs.back());
        }
        return state;
    }

    Sampler make_sampler() const {
        const std::int64_t n = objective_.n_samples();
        return Sampler({n, full_ ? n : options_.batch_size, options_.shuffle, options_.seed, options_.order,
                        objective_.weighted() ? [this](std::int64_t row) { return objective_.present(row); }
                                              : std::function<bool(std::int64_t)>(),
                        options_.fold_of_row, folds_.count()});
    }

    bool any_running() const {
        return std::any_of(models_.begin(), models_.end(), [](const ModelProgress& model) { return !model.ended; });
    }

    // The next steps of all models; n_rows(batch, model) says how many rows of a batch a model sees.
    template <class F>
    StepPlan plan(std::size_t n_batches, std::int64_t epoch, F&& n_rows) {
        const std::size_t n = n_batches * n_models_;
        lrs_.resize(n);
        steps_.resize(n);
        rows_.resize(n);
        std::size_t i = 0;
        for (std::size_t b = 0; b < n_batches; ++b)
            for (std::size_t m = 0; m < n_models_; ++m, ++i) {
                ModelProgress& model = models_[m];
                rows_[i] = n_rows(b, m);
                lrs_[i] = lr_[m] = rates_.rate(m, model.n_steps, epoch) * model.rate_factor;
                steps_[i] = rows_[i] > 0 ? model.n_steps++ : -1;
                model.n_made += rows_[i] > 0 && !model.ended;
            }
        step_ += static_cast<std::int64_t>(n_batches);
        return {n_models_, lrs_, steps_, rows_, folds_.n_seen()};
    }

    void begin_epoch() {
        std::fill(loss_.begin(), loss_.end(), 0.0);
        std::fill_n(finite_.get(), n_models_, true);
        std::fill(weight_.begin(), weight_.end(), 0.0);
        if (!options_.stream) solution(x_);
        steps_before_ = step_;
        for (std::size_t m = 0; m < n_models_; ++m) {
            if (models_[m].ended || options_.stream) continue;
            watch_.poll();
            keep(m, models_[m].begin);
            models_[m].n_made_before = models_[m].n_made;
        }
        if (!full_) run_->penalties(penalty_);
    }

    void walk_epoch(Sampler& sampler, std::int64_t epoch) {
        StepSums sums{weight_, loss_, {finite_.get(), n_models_}};
        if (full_) {
            const StepPlan step = plan(1, epoch, [&](std::size_t, std::size_t m) { return folds_.n_seen()[m]; });
            run_->descend_full(step, loss_, grad_norm_, watch_.polls());
            return;
        }
        const std::int64_t at_once = run_->rows_at_once();
        sampler.start_epoch(epoch, position_);
        while (!sampler.epoch_done()) {
            watch_.poll();
            sampler.next(std::min(at_once, kSliceSteps * std::min(at_once, options_.batch_size)));
            if (sampler.batch_ends().empty()) continue;
            const StepPlan steps = plan(sampler.batch_ends().size(), epoch, [&](std::size_t b, std::size_t m) {
                return sampler.n_present(b, folds_.of(m));
            });
            run_->descend({epoch, sampler.rows(), sampler.batch_ends(), steps}, sums, watch_.polls());
            position_ = sampler.position();
            if (!sampler.epoch_done() && due_.at(n_epochs_)) save();
        }
        position_ = 0;
        for (std::size_t m = 0; m < n_models_; ++m) {
            require(weight_[m] > 0.0 || models_[m].ended,
                    "order visits no row of positive weight in epoch " + std::to_string(epoch));
            loss_[m] = finite_[m] ? loss_[m] / weight_[m] + penalty_[m] : HUGE_VAL;
        }
    }

    // Records the epoch and settles which models go on, and at which rates. False when a callback ends the run.
    bool close_epoch(std::int64_t epoch) {
        ++n_epochs_;
        history_.epoch.push_back(epoch);
        history_.seconds.push_back(seconds_before_ + watch_.seconds());
        if (!options_.stream) solution(after_);
        for (std::size_t m = 0; m < n_models_; ++m) {
            const bool running = !models_[m].ended;
            history_.step.push_back(models_[m].n_made);
            history_.loss.push_back(running ? loss_[m] : std::nan(""));
            history_.lr.push_back(running ? lr_[m] : std::nan(""));
            history_.grad_norm.push_back(running ? grad_norm_[m] : std::nan(""));
            if (running && !options_.stream) judge(m);
            if (running && options_.stream && !(finite_[m] && std::isfinite(loss_[m])))
                models_[m].ended = Status::diverged;
            rates_.epoch_end(m, loss_[m]);
            watch_.look();
        }
        if (observer_ == nullptr) return true;
        const double factor = observer_->epoch_end(
            {epoch, step_, loss_, lr_, history_.seconds.back(), [this](std::span<double> out) { solution(out); }});
        if (factor == 0.0) return false;
        for (ModelProgress& model : models_) model.rate_factor *= factor;
        return true;
    }

    std::span<const double> part_of(std::span<const double> all, std::size_t m) const {
        return all.subspan(m * n_params_, n_params_);
    }
    void take(std::vector<double>& to, std::span<const double> all, std::size_t m) {
        to.clear();
        append(to, part_of(all, m), watch_.looks());
    }
    void solution(std::span<double> all) {
        for (std::size_t m = 0; m < n_models_; ++m, watch_.look())
            run_->solution(static_cast<int>(m), all.subspan(m * n_params_, n_params_));
    }

    // x_ holds the parameters that the epoch began with, after_ those it ended with.
    void judge(std::size_t m) {
        ModelProgress& model = models_[m];
        ++model.n_epochs;
        if (model.begin.n_steps == 0) model.first_loss = model.early_loss = std::abs(loss_[m]);
        if (model.n_epochs <= 2) model.early_loss = std::max(model.early_loss, std::abs(loss_[m]));
        const Line line = run_->line(static_cast<int>(m));
        // A search whose first step is far too long needs many trials to find its scale.
        const bool settled = model.convergence.reached(loss_[m]) && line != Line::starting;
        const double largest = (settled ? kGrowth : kExplosion) * model.early_loss;
        // Nor can a line be searched where squares of the gradient overflow.
        const bool finite = finite_[m] && std::isfinite(loss_[m]) && !(line_search_ && std::isinf(grad_norm_[m]));
        if (!finite || loss_[m] > largest) return restart(m);
        model.last_loss = loss_[m];
        // Where a full batch's loss is that of.
        const std::vector<double>& evaluated = line_search_ ? after_ : x_;
        if (loss_[m] < model.best_loss) {
            model.best_loss = loss_[m];
            take(model.best_begin, evaluated, m);
            std::swap(model.best, model.begin);
            model.begin.clear();
            if (!full_) take(model.best_end, after_, m);
        }
        if (options_.gtol && full_ && grad_norm_[m] <= *options_.gtol) {
            converge(m, ConvergedBy::gtol, evaluated);
        } else if (options_.gap_tol && next_epoch_ % kGapEpochs == 0 &&
                   objective_.gap(evaluated, options_.n_threads, watch_.polls()) <= *options_.gap_tol) {
            converge(m, ConvergedBy::gap_tol, evaluated);
        } else if (line == Line::finished) {
            converge(m, ConvergedBy::line_search, after_);
        } else if (settled) {
            converge(m, ConvergedBy::tol, after_);
        }
    }

    void converge(std::size_t m, ConvergedBy by, const std::vector<double>& params) {
        models_[m].converged_by = by;
        take(models_[m].final_params, params, m);
        end(m, Status::converged);
    }
    void end(std::size_t m, Status status) {
        models_[m].ended = status;
        run_->retire(static_cast<int>(m));
    }

    // Back to where the best epoch began, or to the start, with a smaller rate; a few times.
    void restart(std::size_t m) {
        ModelProgress& model = models_[m];
        // A line search has no rate to lower.
        if (line_search_ || model.n_restarts == kMaxRestarts) return end(m, Status::diverged);
        ++model.n_restarts;
        model.rate_factor *= kSmaller;
        model.forget_losses(options_.tol, options_.n_iter_no_change);
        const ModelState& state = model.best_begin.empty() ? model.begin : model.best;
        run_->set_state(static_cast<int>(m), state);
        model.n_steps = state.n_steps;
    }

    // How the models ended, and where the run did.
    DescentResult finish(Status ended) {
        // Of large networks each copy of the parameters counts.
        after_ = std::vector<double>();
        const std::shared_ptr<DescentState> end = state();
        if (watch_.take_interruption()) ended = Status::interrupted;
        const auto poll = [poll = watch_.interruption(), ended, until = Clock::now() + kEvaluation] {
            poll();
            if (ended == Status::interrupted && Clock::now() > until) throw Unevaluated();
        };
        DescentResult result = Ending(*run_, options_, models_, start_, std::move(x_))
                                   .result(ended, ends_with_best_, folds_.count() > 0, poll);
        const auto diverged = [](Status status) { return status == Status::diverged; };
        if (std::all_of(result.status.begin(), result.status.end(), diverged))
            result.nonfinite = objective_.find_nonfinite(watch_.interruption());
        result.lr = lr_;
        result.n_epochs = n_epochs_;
        result.history = std::move(history_);
        end->models = std::move(models_);
        result.state = end;
        return result;
    }

    // ---- checkpoints

    // Everything that changes, at the end of an epoch or between two slices of one.
    void serialize(Archive& archive) {
        archive.all(next_epoch_, n_epochs_, step_, steps_before_, position_, is_ended_, seconds_before_);
        archive.all(start_, x_, loss_, weight_, lr_, grad_norm_, penalty_);
        archive(std::span<bool>(finite_.get(), n_models_));
        archive(rates_.memory());
        archive.resizable(history_.epoch, history_.seconds, history_.step, history_.loss, history_.lr,
                          history_.grad_norm);
        for (std::size_t m = 0; m < n_models_; ++m) {
            models_[m].serialize(archive);
            run_->serialize(static_cast<int>(m), archive);
            watch_.look();
        }
    }

    void go_on_from(std::span<const std::byte> checkpoint) {
        // To ask for a state afterwards would settle what is to stay as it is.
        ModelState like;
        run_->state(0, like, watch_.looks());
        Archive archive(checkpoint);
        serialize(archive);
        archive.end();
        bool fits = is_sound(history_, n_models_);
        for (const std::int64_t count : {next_epoch_, n_epochs_, step_, steps_before_, position_})
            fits = fits && is_count(count);
        for (const ModelProgress& model : models_) {
            const bool goes_back = position_ > 0 && !model.ended && !options_.stream;
            fits = fits && is_sound(model, n_params_, like) && !(goes_back && model.begin.params.empty());
        }
        require(fits, "checkpoint must be one of a descent with this objective and optimizer");
    }

    void save() {
        const double before = std::exchange(seconds_before_, seconds_before_ + watch_.seconds());
        Archive archive;
        serialize(archive);
        seconds_before_ = before;
        due_.saved(n_epochs_);
        observer_->checkpoint(n_epochs_, archive.take());
    }

    const Objective& objective_;
    const DescentOptions& options_;
    Observer* observer_;
    Watch watch_;
    std::size_t n_params_;
    std::size_t n_models_;
    Folds folds_;
    bool full_;
    bool line_search_ = false;
    bool ends_with_best_ = false;
    Rates rates_;
    Due due_;
    std::unique_ptr<Run> run_;
    // Of all models, when the epoch began, at first, and, but for streams, when the epoch ended.
    std::vector<double> x_{};
    std::vector<double> start_{};
    std::vector<double> after_{};
    std::vector<double> loss_;
    std::vector<double> weight_;
    std::vector<double> lr_;
    std::vector<double> grad_norm_;
    std::unique_ptr<bool[]> finite_;
    std::vector<double> penalty_;
    std::vector<ModelProgress> models_;
    // Of the coming steps, [batch][model].
    std::vector<double> lrs_;
    std::vector<std::int64_t> steps_;
    std::vector<std::int64_t> rows_;
    History history_;
    std::int64_t next_epoch_ = 0;
    std::int64_t step_ = 0;
    std::int64_t steps_before_ = 0;
    std::int64_t n_epochs_ = 0;
    // Rows of the epoch that have been visited; 0 between two epochs.
    std::int64_t position_ = 0;
    // Whether a callback has ended the run: then it has, also for who goes on from a checkpoint.
    bool is_ended_ = false;
    // Those of the run before the checkpoint that it went on from.
    double seconds_before_ = 0.0;
};

}  // namespace

DescentResult minimize(const Objective& objective, std::span<const double> params, const DescentOptions& options,
                       Observer* observer) {
    return Descent(objective, params, options, observer).run();
}

}  // namespace fastgd
