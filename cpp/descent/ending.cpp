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

void tell_interruption(std::vector<Status>& statuses) {
    for (Status& status : statuses)
        if (status != Status::diverged) status = Status::interrupted;
}

// A run has both or none of its best parameters, but who goes on from a checkpoint may have been given others.
void prefer(std::span<const double>& choice, const std::vector<double>& best) {
    if (!best.empty()) choice = best;
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
    for (std::size_t m = 0; m < models_.size(); ++m)
        run_.solution(static_cast<int>(m), std::span(x_).subspan(m * n_params_, n_params_));
}

// The parameters each model ends with: its last ones, or its best where it did not come to its end.
DescentResult Ending::result(Status ended, bool with_best, bool held_out, const std::function<void()>& poll) {
    const std::size_t n_models = models_.size();
    DescentResult result;
    result.n_models = static_cast<std::int64_t>(n_models);
    result.fun.resize(n_models, std::nan(""));
    result.grad_norm.resize(n_models, std::nan(""));
    // Those that may be better than x_.
    Choices other(n_models);
    std::vector<std::vector<double>> last(n_models);
    for (std::size_t m = 0; m < n_models; ++m) {
        const ModelProgress& model = models_[m];
        other[m] = own(x_, m);
        result.status.push_back(status_of(model, ended, other[m]));
        result.n_restarts.push_back(model.n_restarts);
        result.n_steps.push_back(model.n_made);
        result.converged_by.emplace_back(name_of(model.converged_by));
        switch (result.status.back()) {
            case Status::converged:
                put(model.final_params, m);
                // Where the gradient or the gap is small enough is the end, though the objective may be less elsewhere.
                if (with_best && model.converged_by == ConvergedBy::tol) prefer(other[m], model.best_begin);
                break;
            case Status::max_epochs:
            case Status::callback:
                if (with_best) prefer(other[m], model.best_begin);
                break;
            default:
                if (!model.best_begin.empty()) {
                    put(model.best_begin, m);
                    prefer(other[m], options_.batch_size == 0 ? model.best_begin : model.best_end);
                } else if (!std::ranges::equal(other[m], own(start_, m))) {
                    last[m].assign(other[m].begin(), other[m].end());
                    put(own(start_, m), m);
                    other[m] = last[m];
                }
        }
    }
    if (held_out) result.held_out.resize(n_models, std::nan(""));
    try {
        evaluate(other, result, poll);
    } catch (const Interrupted&) {
        // The first interruption keeps what the run has come to, unevaluated; the second one is meant.
        if (ended == Status::interrupted) throw;
        tell_interruption(result.status);
    } catch (const Unevaluated&) {
        result.held_out.assign(result.held_out.size(), std::nan(""));
    }
    // Where all models had ended by themselves nobody would learn of it.
    if (ended == Status::interrupted && std::ranges::find(result.status, ended) == result.status.end())
        tell_interruption(result.status);
    result.x = std::move(x_);
    return result;
}

// The objective where the run ended, or at `other` where that is less, and the losses of held-out rows there.
void Ending::evaluate(const Choices& other, DescentResult& result, const std::function<void()>& poll) {
    Choices chosen;
    for (std::size_t m = 0; m < models_.size(); ++m) chosen.push_back(own(x_, m));
    const bool differ = !std::ranges::equal(
        other, chosen, [](const auto& a, const auto& b) { return a.data() == b.data() || std::ranges::equal(a, b); });
    set_params(chosen);
    if (options_.evaluate || differ) run_.evaluate(result.fun, wanted(result.grad_norm), poll);
    if (differ) {
        take_the_better(other, result, poll);
        set_params(chosen);
    }
    if (!result.held_out.empty()) run_.evaluate_held_out(result.held_out, poll);
}

void Ending::put(std::span<const double> params, std::size_t m) {
    std::ranges::copy(params, x_.begin() + static_cast<std::ptrdiff_t>(m * n_params_));
}

void Ending::set_params(const Choices& choices) {
    for (std::size_t m = 0; m < choices.size(); ++m) run_.set_params(static_cast<int>(m), choices[m]);
}

// Brings into x_ and the result the models of `other` that have the lower objective.
void Ending::take_the_better(const Choices& other, DescentResult& result, const std::function<void()>& poll) {
    std::vector<double> value(models_.size());
    std::vector<double> grad_norm(models_.size(), std::nan(""));
    set_params(other);
    run_.evaluate(value, wanted(grad_norm), poll);
    for (std::size_t m = 0; m < models_.size(); ++m) {
        if (!(value[m] < result.fun[m])) continue;
        put(other[m], m);
        result.fun[m] = value[m];
        result.grad_norm[m] = grad_norm[m];
    }
}

}  // namespace fastgd
