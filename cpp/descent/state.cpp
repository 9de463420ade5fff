#include "descent/state.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <stdexcept>

namespace fastgd {

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

void ModelProgress::serialize(Archive& archive) {
    convergence.serialize(archive);
    bool has_ended = ended.has_value();
    archive(has_ended);
    if (has_ended && !ended) ended.emplace();
    if (has_ended) archive(*ended, Status::diverged);
    archive(converged_by, ConvergedBy::line_search);
    archive.all(n_steps, n_made, n_made_before, rate_factor, n_restarts, n_epochs);
    begin.serialize(archive);
    best.serialize(archive);
    archive.all(first_loss, early_loss, last_loss, best_loss);
    archive.resizable(final_params, best_begin, best_end);
}

std::shared_ptr<const DescentState> select(const DescentState& state, std::span<const std::int64_t> models) {
    auto chosen = std::make_shared<DescentState>();
    chosen->epoch = state.epoch;
    chosen->step = state.step;
    const std::size_t of_model = state.rates.size() / state.models.size();
    for (const std::int64_t m : models) {
        if (m < 0 || m >= std::ssize(state.models)) throw std::out_of_range("models must name models of the state");
        const auto at = static_cast<std::size_t>(m);
        chosen->models.push_back(state.models[at]);
        chosen->runs.push_back(state.runs[at]);
        const auto first = state.rates.begin() + static_cast<std::ptrdiff_t>(at * of_model);
        chosen->rates.insert(chosen->rates.end(), first, first + static_cast<std::ptrdiff_t>(of_model));
    }
    return chosen;
}

bool is_alike(const ModelState& a, const ModelState& b) {
    return a.params.size() == b.params.size() && a.slots.size() == b.slots.size() && a.memory.size() == b.memory.size();
}

bool is_count(std::int64_t n) { return n >= 0 && n < std::int64_t{1} << 62; }

bool is_sound(const History& history, std::size_t n_models) {
    const std::size_t n = history.epoch.size();
    return history.seconds.size() == n && history.step.size() == n * n_models && history.loss.size() == n * n_models &&
           history.lr.size() == n * n_models && history.grad_norm.size() == n * n_models;
}

bool is_sound(const ModelProgress& model, std::size_t n_params, const ModelState& like) {
    const auto fits = [&](const ModelState& state) { return state.params.empty() || is_alike(state, like); };
    const auto has_size = [&](const std::vector<double>& params) {
        return params.empty() || params.size() == n_params;
    };
    return is_count(model.n_steps) && is_count(model.n_made) && is_count(model.n_made_before) &&
           is_count(model.n_epochs) && model.n_restarts >= 0 && model.n_restarts <= kMaxRestarts && fits(model.begin) &&
           fits(model.best) && has_size(model.final_params) && has_size(model.best_begin) && has_size(model.best_end) &&
           model.best_begin.empty() == model.best.params.empty();
}

Status status_of(const ModelProgress& model, Status ended, std::span<const double> x) {
    if (model.ended == Status::diverged) return Status::diverged;
    const Status status = model.ended.value_or(ended);
    const bool natural = status == Status::converged || status == Status::max_epochs || status == Status::callback;
    if (natural && model.last_loss > kGrowth * model.early_loss) return Status::diverged;
    // One that has only just gone back has not shown that it need not.
    if (natural && model.n_restarts > 0 && model.n_epochs == 0) return Status::diverged;
    const std::span<const double> own = model.ended ? std::span<const double>(model.final_params) : x;
    const bool valid = std::all_of(own.begin(), own.end(), [](double v) { return std::isfinite(v); });
    return valid ? status : Status::diverged;
}

}  // namespace fastgd
