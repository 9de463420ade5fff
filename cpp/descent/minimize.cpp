#include "fastgd/minimize.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "descent/model_table.hpp"
#include "descent/rates.hpp"
#include "descent/sampler.hpp"
#include "descent/stopping.hpp"
#include "fastgd/errors.hpp"
#include "objectives/linear_run.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/registry_lookup.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

using Clock = std::chrono::steady_clock;

// Rows between two looks at the clock, at most; time between two looks for an interruption.
constexpr std::int64_t kSliceRows = 8192;
constexpr double kPollSeconds = 0.02;
// A run that ends with this many times the loss it began with has diverged, though every number is finite.
constexpr double kGrowth = 10.0;

// Thrown through a pass over the data, to end it.
struct Stopped {
    Status status;
};

void require(bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument(message);
}

class Descent {
public:
    Descent(const LinearObjective& objective, std::span<const double> params, const DescentOptions& options,
            Observer* observer)
        : objective_(objective),
          options_(options),
          observer_(observer),
          n_params_(static_cast<std::size_t>(objective.n_params())),
          n_models_(params.size() / n_params_),
          rates_({options.schedule, options.schedule_params}, n_models_),
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
        full_ = options.batch_size == 0;
        run_ = start_run(objective, settings(), options.batch_size,
                         options.n_threads > 0 ? options.n_threads : max_threads());
        run_->set_params(x_);
        for (std::size_t m = 0; m < n_models_; ++m) models_.emplace_back(options.tol, options.n_iter_no_change);
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

    ModelSettings settings() const {
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
        settings.alpha = each(options_.alpha, objective_.options().alpha, "alpha");
        settings.l1_ratio = each(options_.l1_ratio, objective_.options().l1_ratio, "l1_ratio");
        return settings;
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

    void set_rates(std::int64_t step, std::int64_t epoch, double* out) const {
        for (std::size_t m = 0; m < n_models_; ++m) out[m] = rates_.rate(m, step, epoch);
    }

    void walk_epoch(Sampler& sampler, std::int64_t epoch) {
        std::fill(loss_.begin(), loss_.end(), 0.0);
        std::fill_n(finite_.get(), n_models_, true);
        StepSums sums{0.0, loss_, {finite_.get(), n_models_}};
        run_->penalties(penalty_);
        run_->get_params(x_);
        if (full_) {
            set_rates(step_, epoch, lr_.data());
            run_->descend_full(lr_, step_, sums, grad_norm_, [this] { poll(); });
            ++step_;
        } else {
            sampler.start_epoch(epoch);
            std::vector<double> rates;
            while (!sampler.epoch_done()) {
                poll();
                sampler.next(kSliceRows);
                const std::size_t n_batches = sampler.batch_ends().size();
                if (n_batches == 0) continue;
                rates.resize(n_batches * n_models_);
                for (std::size_t b = 0; b < n_batches; ++b)
                    set_rates(step_ + static_cast<std::int64_t>(b), epoch, rates.data() + b * n_models_);
                run_->descend({sampler.rows(), sampler.batch_ends(), rates, step_}, sums);
                step_ += static_cast<std::int64_t>(n_batches);
                std::copy(rates.end() - static_cast<std::ptrdiff_t>(n_models_), rates.end(), lr_.begin());
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
        run_->get_params(after_);
        for (std::size_t m = 0; m < n_models_; ++m) {
            const bool running = !models_[m].ended;
            history_.loss.push_back(running ? loss_[m] : std::nan(""));
            history_.lr.push_back(running ? lr_[m] : std::nan(""));
            history_.grad_norm.push_back(running ? grad_norm_[m] : std::nan(""));
            if (running) judge(m);
            rates_.epoch_end(m, loss_[m]);
        }
        if (observer_ == nullptr) return true;
        const EpochInfo info{epoch,
                             step_,
                             loss_,
                             lr_,
                             history_.seconds.back(),
                             [this](std::span<double> out) { run_->get_params(out); }};
        return !observer_->epoch_end(info);
    }

    std::vector<double> params_of(std::size_t m, const std::vector<double>& of) const {
        const auto begin = of.begin() + static_cast<std::ptrdiff_t>(m * n_params_);
        return {begin, begin + static_cast<std::ptrdiff_t>(n_params_)};
    }

    // x_ holds the parameters that the epoch began with, after_ those it ended with.
    void judge(std::size_t m) {
        Model& model = models_[m];
        if (!finite_[m] || !std::isfinite(loss_[m])) {
            model.ended = Status::diverged;
            return;
        }
        if (n_epochs_ <= 2) model.early_loss = std::max(model.early_loss, std::abs(loss_[m]));
        model.last_loss = loss_[m];
        if (loss_[m] < model.best_loss) {
            model.best_loss = loss_[m];
            model.best_begin = params_of(m, x_);
            if (!full_) model.best_end = params_of(m, after_);
        }
        if (model.convergence.reached(loss_[m])) {
            model.ended = Status::converged;
            model.final_params = params_of(m, after_);
        }
    }

    // The parameters each model ends with: its last ones, or its best where it did not come to its end.
    DescentResult finish(Status ended) {
        DescentResult result;
        result.fun.resize(n_models_);
        result.grad_norm.resize(n_models_);
        run_->get_params(x_);
        std::vector<double> other = x_;
        for (std::size_t m = 0; m < n_models_; ++m) {
            const Model& model = models_[m];
            result.status.push_back(status_of(m, ended));
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

    const LinearObjective& objective_;
    const DescentOptions& options_;
    Observer* observer_;
    std::size_t n_params_;
    std::size_t n_models_;
    Rates rates_;
    bool full_ = true;
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
    History history_;
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

DescentResult minimize(const LinearObjective& objective, std::span<const double> params, const DescentOptions& options,
                       Observer* observer) {
    return Descent(objective, params, options, observer).run();
}

}  // namespace fastgd
