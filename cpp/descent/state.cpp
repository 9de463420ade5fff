#include "descent/state.hpp"

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

}  // namespace fastgd
