#include <algorithm>
#include <cmath>
#include <utility>

#include "objectives/linear_access.hpp"
#include "objectives/linear_run.hpp"
#include "objectives/split_run.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/registry_lookup.hpp"

namespace fastgd {
namespace {

// A bound on the loss's second derivative; 1 where there is none to tell.
double curvature_of(const LinearOptions& options) {
    if (options.user_loss != nullptr) return 1.0;
    const KernelTable& table = kernels();
    const double bound = table.losses[loss_index(table, options.loss)].curvature;
    return bound > 0.0 && std::isfinite(bound) ? bound : 1.0;
}

// Threads that have enough to do with models of their own: on mini-batches, where a team on the same models would wait
// for each other at every step.
template <class T>
int parts_of(const Problem<T>& problem, const ModelSettings& settings) {
    constexpr std::int64_t kLeastScores = 8;
    constexpr std::int64_t kLeastWork = 1 << 20;
    if (settings.batch_size < 1 || settings.batch_size > kLargestMiniBatch) return 1;
    const std::int64_t n_scores = std::int64_t{settings.n_models} * problem.n_outputs;
    const std::int64_t work =
        std::min<std::int64_t>(problem.X.n_rows, kLargestMiniBatch) * problem.row_entries() * n_scores;
    const std::int64_t threads = problem.loss_threads(settings.n_threads);
    const std::int64_t parts =
        std::min({threads, std::int64_t{settings.n_models}, n_scores / kLeastScores, work / kLeastWork});
    return static_cast<int>(std::max<std::int64_t>(parts, 1));
}

}  // namespace

std::unique_ptr<Run> LinearObjective::start_run(ModelSettings settings, const std::function<void()>& poll) const {
    return std::visit(
        [&]<class T>(const Problem<T>& problem) -> std::unique_ptr<Run> {
            const auto start = [&](ModelSettings some) -> std::unique_ptr<Run> {
                return make_linear_run(problem, impl_->options.fit_intercept,
                                       impl_->standard ? &*impl_->standard : nullptr, curvature_of(impl_->options),
                                       std::move(some), poll);
            };
            const int parts = parts_of(problem, settings);
            if (parts == 1) return start(std::move(settings));
            return std::make_unique<SplitRun>(settings, parts, start);
        },
        impl_->problem);
}

}  // namespace fastgd
