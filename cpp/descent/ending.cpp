#include "descent/ending.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fastgd/errors.hpp"

namespace fastgd {
namespace {

const char* name_of(ConvergedBy by) {
    switch (by) {
        case ConvergedBy::none: return "";
        case ConvergedBy::tol: return "tol";
        case ConvergedBy::gtol: return "gtol";
        case ConvergedBy::gap_tol: return "gap_tol";
        case ConvergedBy::line_search: return "line search";
    }
    return "";
}

}  // namespace

Ending::Ending(Run& run, const DescentOptions& options, std::span<const ModelProgress> models,
               std::span<const double> start, std::vector<double> room)
    : run_(run),
      options_(options),
      models_(models),
      start_(start),
      n_params_(start.size() / models.size()),
      x_(std::move(room)) {
    run_.solution(x_);
}

// The parameters each model ends with: its last ones, or its best where it did not come to its end.
DescentResult Ending::result(Status ended, bool with_best, bool held_out, const std::function<void()>& poll) {
    const std::size_t n_models = models_.size();
    DescentResult result;
    result.n_models = static_cast<std::int64_t>(n_models);
    result.fun.resize(n_models, std::nan(""));
    result.grad_norm.resize(n_models, std::nan(""));
    std::vector<double> other = x_;
    for (std::size_t m = 0; m < n_models; ++m) {
        const ModelProgress& model = models_[m];
        result.status.push_back(status_of(model, ended, own(x_, m)));
        result.n_restarts.push_back(model.n_restarts);
        result.n_steps.push_back(model.n_made);
        result.converged_by.emplace_back(name_of(model.converged_by));
        switch (result.status.back()) {
            case Status::converged:
                put(model.final_params, m, x_);
                // Where the gradient or the gap is small enough is the end, though the objective may be less elsewhere.
                put(with_best && model.converged_by == ConvergedBy::tol ? model.best_begin : model.final_params, m,
                    other);
                break;
            case Status::max_epochs:
            case Status::callback:
                if (with_best && !model.best_begin.empty()) put(model.best_begin, m, other);
                break;
            default:
                put(model.best_begin.empty() ? own(start_, m) : model.best_begin, m, x_);
                if (!model.best_begin.empty())
                    put(options_.batch_size == 0 ? model.best_begin : model.best_end, m, other);
        }
    }
    if (held_out) result.held_out.resize(n_models, std::nan(""));
    try {
        evaluate(other, result, poll);
    } catch (const Interrupted&) {
        // The first interruption keeps what the run has come to, unevaluated; the second one is meant.
        if (ended == Status::interrupted) throw;
        for (Status& status : result.status)
            if (status != Status::diverged) status = Status::interrupted;
    } catch (const Unevaluated&) {
        result.held_out.assign(result.held_out.size(), std::nan(""));
    }
    result.x = std::move(x_);
    return result;
}

// The objective where the run ended, or at `other` where that is less, and the losses of held-out rows there.
void Ending::evaluate(const std::vector<double>& other, DescentResult& result, const std::function<void()>& poll) {
    run_.set_params(x_);
    if (options_.evaluate || other != x_) run_.evaluate(result.fun, wanted(result.grad_norm), poll);
    if (other != x_) take_the_better(other, result, poll);
    if (!result.held_out.empty()) run_.evaluate_held_out(result.held_out, poll);
}

void Ending::put(std::span<const double> params, std::size_t m, std::vector<double>& to) const {
    std::copy(params.begin(), params.end(), to.begin() + static_cast<std::ptrdiff_t>(m * n_params_));
}

// Brings into x_ and the result the models of `other` that have the lower objective.
void Ending::take_the_better(const std::vector<double>& other, DescentResult& result,
                             const std::function<void()>& poll) {
    std::vector<double> value(models_.size());
    std::vector<double> grad_norm(models_.size(), std::nan(""));
    run_.set_params(other);
    run_.evaluate(value, wanted(grad_norm), poll);
    for (std::size_t m = 0; m < models_.size(); ++m) {
        if (!(value[m] < result.fun[m])) continue;
        put(own(other, m), m, x_);
        result.fun[m] = value[m];
        result.grad_norm[m] = grad_norm[m];
    }
    run_.set_params(x_);
}

}  // namespace fastgd
