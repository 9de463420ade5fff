#include "fastgd/minimize.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "descent/model_table.hpp"
#include "descent/rates.hpp"
#include "descent/run.hpp"
#include "descent/sampler.hpp"
#include "descent/stopping.hpp"
#include "fastgd/errors.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/registry_lookup.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

using Clock = std::chrono::steady_clock;

// Rows between two looks at the clock, at most; time between two looks for an interruption.
constexpr std::int64_t kSliceRows = 8192;
constexpr double kPollSeconds = 0.02;
// A run that ends with this many times the loss it began with has diverged, though every number is finite; at this many
// more it is not waited for.
constexpr double kGrowth = 10.0;
constexpr double kExplosion = 1e4;
// What becomes of the rate of a model that diverged, and how often.
constexpr double kSmaller = 0.1;
constexpr int kMaxRestarts = 3;

// Thrown through a pass over the data, to end it.
struct Stopped {
    Status status;
};

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
          n_params_(static_cast<std::size_t>(objective.n_params())),
          n_models_(params.size() / n_params_),
          full_(options.batch_size == 0),
          rates_(options.schedule, n_models_),
          x_(params.begin(), params.end()),
          loss_(n_models_),
          lr_(n_models_),
          grad_norm_(n_models_, std::nan("")),
          finite_(std::make_unique<bool[]>(n_models_)),
          penalty_(n_models_) {
        require(n_models_ > 0 && params.size() == n_models_ * n_params_,
                "params must hold a whole number of models of " + std::to_string(n_params_) + " parameters");
        require(options.batch_size >= 0, "batch_size must be 0 (all rows) or positive");
        require(options.max_epochs >= 1, "max_epochs must be at least 1");
        require(options.n_iter_no_change >= 1, "n_iter_no_change must be at least 1");
        require(options.clip_value >= 0.0 && options.clip_norm >= 0.0, "clip_value and clip_norm must not be negative");
        run_ = objective.start_run(settings());
        run_->set_params(x_);
        for (std::size_t m = 0; m < n_models_; ++m) models_.emplace_back(options.tol, options.n_iter_no_change);
        for (std::int64_t i = 0; i < objective.n_samples(); ++i) n_present_ += objective.present(i) ? 1 : 0;
    }

    DescentResult run() {
        began_ = Clock::now();
        polled_ = began_;
        Sampler sampler = make_sampler();
        Status ended = Status::max_epochs;
        try {
            for (std::int64_t epoch = 0; epoch < options_.max_epochs && any_running(); ++epoch) {
                walk_epoch(sampler, epoch);
                if (!close_epoch(epoch)) throw Stopped{Status::callback};
            }
        } catch (const Stopped& stop) {
            ended = stop.status;
        } catch (const Interrupted&) {
            ended = Status::interrupted;
        }
        return finish(ended);
    }

private:
    // What becomes of one model, beside its parameters in the run.
    struct Model {
        Model(std::optional<double> tol, std::int64_t n_iter_no_change) : convergence(tol, n_iter_no_change) {}
        Convergence convergence;
        std::optional<Status> ended;
        // Steps that its parameters are the result of, and what its schedule's rate is multiplied by.
        std::int64_t n_steps = 0;
        double rate_factor = 1.0;
        int n_restarts = 0;
        // When the epoch began, and when that of the best loss did.
        ModelState begin;
        ModelState best;
        std::vector<double> final_params;
        // The larger of the first two epochs' losses: the first one may be near 0 by chance.
        double early_loss = 0.0;
        double last_loss = std::nan("");
        double best_loss = std::numeric_limits<double>::infinity();
        // The parameters that the epoch of the best loss began and ended with: that loss is a mean over the way from
        // one to the other. A full batch has its loss at the beginning, and no end.
        std::vector<double> best_begin;
        std::vector<double> best_end;
    };

    ModelSettings settings() {
        const KernelTable& table = kernels();
        ModelSettings settings;
        settings.n_models = static_cast<int>(n_models_);
        settings.optimizer = optimizer_index(table, options_.optimizer);
        settings.hyper = table_of(table.optimizers[settings.optimizer].hyper, kMaxHyper, options_.optimizer_params,
                                  n_models_, "optimizer '" + options_.optimizer + "'");
        const auto each = [&](const std::vector<double>& given, double otherwise, const char* name) {
            require(given.empty() || given.size() == n_models_, std::string(name) + " must have one value a model");
            return given.empty() ? std::vector<double>(n_models_, otherwise) : given;
        };
        const std::vector<double> alpha = each(options_.alpha, objective_.penalty().alpha, "alpha");
        const std::vector<double> l1_ratio = each(options_.l1_ratio, objective_.penalty().l1_ratio, "l1_ratio");
        for (std::size_t m = 0; m < n_models_; ++m) settings.penalties.push_back({alpha[m], l1_ratio[m]});
        settings.clip_value = options_.clip_value;
        settings.clip_norm = options_.clip_norm;
        settings.batch_size = options_.batch_size;
        settings.n_threads = options_.n_threads > 0 ? options_.n_threads : max_threads();
        line_search_ = table.optimizers[settings.optimizer].line_search;
        refuse_what_does_not_fit(table.optimizers[settings.optimizer], settings);
        return settings;
    }

    void refuse_what_does_not_fit(const OptimizerInfo& info, const ModelSettings& settings) const {
        const bool l1 = std::any_of(settings.penalties.begin(), settings.penalties.end(),
                                    [](const Penalty& penalty) { return penalty.l1() > 0.0; });
        require(!l1 || info.l1 != L1Step::refused,
                "optimizer '" + options_.optimizer + "' has no proximal step for l1");
    }

    Sampler make_sampler() const {
        const std::int64_t n = objective_.n_samples();
        return Sampler({n, full_ ? n : options_.batch_size, options_.shuffle, options_.seed, options_.order,
                        objective_.weighted() ? [this](std::int64_t row) { return objective_.present(row); }
                                              : std::function<bool(std::int64_t)>()});
    }

    bool any_running() const {
        return std::any_of(models_.begin(), models_.end(), [](const Model& model) { return !model.ended; });
    }

    double seconds() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

    // Between parallel regions, on the calling thread.
    void poll() {
        const auto now = Clock::now();
        if (std::chrono::duration<double>(now - began_).count() > options_.time_limit)
            throw Stopped{Status::time_limit};
        if (observer_ == nullptr || std::chrono::duration<double>(now - polled_).count() < kPollSeconds) return;
        polled_ = now;
        if (observer_->interrupted()) throw Stopped{Status::interrupted};
    }

    // The next steps of all models, on batches that end where told.
    StepPlan plan(std::span<const std::int64_t> batch_ends, std::int64_t epoch) {
        lrs_.clear();
        steps_.clear();
        shares_.clear();
        std::int64_t begin = 0;
        for (const std::int64_t end : batch_ends) {
            for (std::size_t m = 0; m < n_models_; ++m) {
                Model& model = models_[m];
                lrs_.push_back(lr_[m] = rates_.rate(m, model.n_steps, epoch) * model.rate_factor);
                steps_.push_back(model.n_steps++);
                shares_.push_back(static_cast<double>(end - begin) / static_cast<double>(n_present_));
            }
            begin = end;
        }
        step_ += std::ssize(batch_ends);
        return {n_models_, lrs_, steps_, shares_};
    }

    void walk_epoch(Sampler& sampler, std::int64_t epoch) {
        std::fill(loss_.begin(), loss_.end(), 0.0);
        std::fill_n(finite_.get(), n_models_, true);
        StepSums sums{0.0, loss_, {finite_.get(), n_models_}};
        run_->penalties(penalty_);
        run_->solution(x_);
        for (std::size_t m = 0; m < n_models_; ++m)
            if (!models_[m].ended) models_[m].begin = run_->state(static_cast<int>(m));
        if (full_) {
            const std::int64_t all[] = {n_present_};
            run_->descend_full(plan(all, epoch), loss_, grad_norm_, [this] { poll(); });
            return;
        } else {
            sampler.start_epoch(epoch);
            while (!sampler.epoch_done()) {
                poll();
                sampler.next(kSliceRows);
                if (sampler.batch_ends().empty()) continue;
                const StepPlan steps = plan(sampler.batch_ends(), epoch);
                run_->descend({epoch, sampler.rows(), sampler.batch_ends(), steps}, sums);
                if (std::none_of(finite_.get(), finite_.get() + n_models_, [](bool f) { return f; })) break;
            }
        }
        for (std::size_t m = 0; m < n_models_; ++m) loss_[m] = loss_[m] / sums.weight + penalty_[m];
    }

    // Records the epoch and settles which models go on. False when a callback ends the run.
    bool close_epoch(std::int64_t epoch) {
        ++n_epochs_;
        history_.epoch.push_back(epoch);
        history_.step.push_back(step_);
        history_.seconds.push_back(seconds());
        run_->solution(after_);
        for (std::size_t m = 0; m < n_models_; ++m) {
            const bool running = !models_[m].ended;
            history_.loss.push_back(running ? loss_[m] : std::nan(""));
            history_.lr.push_back(running ? lr_[m] : std::nan(""));
            history_.grad_norm.push_back(running ? grad_norm_[m] : std::nan(""));
            if (running) judge(m);
            rates_.epoch_end(m, loss_[m]);
        }
        if (observer_ == nullptr) return true;
        const EpochInfo info{
            epoch, step_, loss_, lr_, history_.seconds.back(), [this](std::span<double> out) { run_->solution(out); }};
        return !observer_->epoch_end(info);
    }

    std::vector<double> params_of(std::size_t m, const std::vector<double>& of) const {
        const auto begin = of.begin() + static_cast<std::ptrdiff_t>(m * n_params_);
        return {begin, begin + static_cast<std::ptrdiff_t>(n_params_)};
    }

    // x_ holds the parameters that the epoch began with, after_ those it ended with.
    void judge(std::size_t m) {
        Model& model = models_[m];
        const bool explodes = n_epochs_ > 2 && loss_[m] > kExplosion * model.early_loss;
        if (!finite_[m] || !std::isfinite(loss_[m]) || explodes) {
            restart(m);
            return;
        }
        if (n_epochs_ <= 2) model.early_loss = std::max(model.early_loss, std::abs(loss_[m]));
        model.last_loss = loss_[m];
        // Where a full batch's loss is that of.
        const std::vector<double>& evaluated = line_search_ ? after_ : x_;
        if (loss_[m] < model.best_loss) {
            model.best_loss = loss_[m];
            model.best_begin = params_of(m, evaluated);
            model.best = std::move(model.begin);
            if (!full_) model.best_end = params_of(m, after_);
        }
        if (options_.gtol && full_ && grad_norm_[m] <= *options_.gtol) {
            model.ended = Status::converged;
            model.final_params = params_of(m, evaluated);
        } else if (model.convergence.reached(loss_[m]) || run_->finished(static_cast<int>(m))) {
            model.ended = Status::converged;
            model.final_params = params_of(m, after_);
        }
    }

    // Back to where the best epoch began, or to the start, with a smaller rate; a few times.
    void restart(std::size_t m) {
        Model& model = models_[m];
        if (model.n_restarts == kMaxRestarts) {
            model.ended = Status::diverged;
            return;
        }
        ++model.n_restarts;
        model.rate_factor *= kSmaller;
        const ModelState& state = model.best_begin.empty() ? model.begin : model.best;
        run_->set_state(static_cast<int>(m), state);
        model.n_steps = state.n_steps;
    }

    // The parameters each model ends with: its last ones, or its best where it did not come to its end.
    DescentResult finish(Status ended) {
        DescentResult result;
        result.fun.resize(n_models_);
        result.grad_norm.resize(n_models_);
        run_->solution(x_);
        std::vector<double> other = x_;
        for (std::size_t m = 0; m < n_models_; ++m) {
            const Model& model = models_[m];
            result.status.push_back(status_of(m, ended));
            result.n_restarts.push_back(model.n_restarts);
            switch (result.status.back()) {
                case Status::converged:
                    put(model.final_params, m, x_);
                    put(model.final_params, m, other);
                    break;
                case Status::max_epochs:
                case Status::callback: break;
                default:
                    put(model.best_begin.empty() ? params_of(m, start_) : model.best_begin, m, x_);
                    if (!model.best_begin.empty()) put(full_ ? model.best_begin : model.best_end, m, other);
            }
        }
        if (other != x_) take_the_better(other);
        run_->set_params(x_);
        run_->evaluate(result.fun, result.grad_norm);
        const auto diverged = [](Status status) { return status == Status::diverged; };
        if (std::all_of(result.status.begin(), result.status.end(), diverged))
            result.nonfinite = objective_.find_nonfinite();
        result.n_models = static_cast<std::int64_t>(n_models_);
        result.x = std::move(x_);
        result.lr = lr_;
        result.n_epochs = n_epochs_;
        result.n_steps = step_;
        result.history = std::move(history_);
        return result;
    }

    // x_ holds the parameters where the run ended.
    Status status_of(std::size_t m, Status ended) const {
        const Model& model = models_[m];
        if (model.ended == Status::diverged) return Status::diverged;
        const Status status = model.ended.value_or(ended);
        const bool natural = status == Status::converged || status == Status::max_epochs || status == Status::callback;
        if (natural && model.last_loss > kGrowth * model.early_loss) return Status::diverged;
        const std::vector<double> own = params_of(m, x_);
        const bool valid = std::all_of(own.begin(), own.end(), [](double v) { return std::isfinite(v); });
        return valid || model.ended ? status : Status::diverged;
    }

    void put(const std::vector<double>& params, std::size_t m, std::vector<double>& to) const {
        std::copy(params.begin(), params.end(), to.begin() + static_cast<std::ptrdiff_t>(m * n_params_));
    }

    // Brings into x_ the models of `other` that have the lower objective.
    void take_the_better(const std::vector<double>& other) {
        std::vector<double> value(n_models_);
        std::vector<double> other_value(n_models_);
        std::vector<double> grad_norm(n_models_);
        run_->set_params(x_);
        run_->evaluate(value, grad_norm);
        run_->set_params(other);
        run_->evaluate(other_value, grad_norm);
        for (std::size_t m = 0; m < n_models_; ++m)
            if (other_value[m] < value[m]) put(params_of(m, other), m, x_);
    }

    const Objective& objective_;
    const DescentOptions& options_;
    Observer* observer_;
    std::size_t n_params_;
    std::size_t n_models_;
    bool full_;
    bool line_search_ = false;
    Rates rates_;
    std::unique_ptr<Run> run_;
    std::vector<double> x_;
    const std::vector<double> start_ = x_;
    std::vector<double> after_ = x_;
    std::vector<double> loss_;
    std::vector<double> lr_;
    std::vector<double> grad_norm_;
    std::unique_ptr<bool[]> finite_;
    std::vector<double> penalty_;
    std::vector<Model> models_;
    // Of the coming steps, [batch][model].
    std::vector<double> lrs_;
    std::vector<std::int64_t> steps_;
    std::vector<double> shares_;
    History history_;
    std::int64_t n_present_ = 0;
    std::int64_t step_ = 0;
    std::int64_t n_epochs_ = 0;
    Clock::time_point began_;
    Clock::time_point polled_;
};

}  // namespace

const char* status_name(Status status) {
    switch (status) {
        case Status::converged: return "converged";
        case Status::max_epochs: return "max_epochs";
        case Status::time_limit: return "time_limit";
        case Status::interrupted: return "interrupted";
        case Status::callback: return "callback";
        case Status::diverged: return "diverged";
    }
    return "unknown";
}

DescentResult minimize(const Objective& objective, std::span<const double> params, const DescentOptions& options,
                       Observer* observer) {
    return Descent(objective, params, options, observer).run();
}

}  // namespace fastgd
