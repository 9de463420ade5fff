#include "objectives/full_pass.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>

#include "objectives/all_finite.hpp"
#include "objectives/row_walk.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

template <class T>
struct Worker {
    RowBlock<T> block;
    RowWalk<T> walk;
    // Sums of the block at hand.
    std::optional<Parameters<T>> grad;
    const BlockSums<T>* sums = nullptr;

    Worker(const Problem<T>& problem, const Parameters<T>& parameters, std::int64_t most_rows)
        : block(problem, most_rows), walk(problem, parameters, most_rows) {}
};

template <class T>
std::vector<std::unique_ptr<Worker<T>>> make_workers(const Problem<T>& problem, const Parameters<T>& parameters,
                                                     const BlockPlan& plan) {
    std::vector<std::unique_ptr<Worker<T>>> workers;
    for (int t = 0; t < plan.team; ++t)
        workers.push_back(std::make_unique<Worker<T>>(problem, parameters, plan.capacity()));
    return workers;
}

template <class T>
void add(PassSums& sums, const Worker<T>& worker) {
    const std::ptrdiff_t count = worker.block.count();
    sums.weight += worker.block.weight_sum(0, count);
    sums.n_present += worker.block.n_present(0, count);
    for (std::size_t f = 0; f < sums.fold_weight.size(); ++f)
        sums.fold_weight[f] += worker.block.weight_sum(0, count, static_cast<int>(f));
    for (std::size_t m = 0; m < sums.loss.size(); ++m) {
        sums.loss[m] += worker.sums->loss(static_cast<int>(m));
        sums.finite[m] = sums.finite[m] && worker.sums->finite()[m];
    }
    if (worker.grad) worker.grad->add_to(sums.coef.data(), sums.intercept.data());
}

// Sums for n_models of the parameters' shape; `walk(worker)` makes those of a block.
template <class T, class Walk>
PassSums sum_rows(const Problem<T>& problem, const Parameters<T>& parameters, const RowSource& rows, int n_models,
                  bool want_gradient, int n_threads, const std::function<void()>& poll, Walk&& walk) {
    PassSums sums;
    sums.loss.assign(static_cast<std::size_t>(n_models), 0.0);
    sums.fold_weight.assign(static_cast<std::size_t>(problem.n_folds), 0.0);
    sums.finite = std::make_unique<bool[]>(sums.loss.size());
    std::fill_n(sums.finite.get(), n_models, true);
    BlockPlan plan = plan_blocks(problem, parameters.n_scores(), rows.count, n_threads);
    plan.make_room(static_cast<std::int64_t>(parameters.coef.size() * sizeof(T)) + 1);
    // A room is furnished when it is first used: most stay empty where nobody is held up.
    std::vector<std::unique_ptr<Worker<T>>> rooms(static_cast<std::size_t>(plan.n_rooms));
    const auto furnished = [&](int room) -> Worker<T>& {
        std::unique_ptr<Worker<T>>& worker = rooms[static_cast<std::size_t>(room)];
        if (worker) return *worker;
        worker = std::make_unique<Worker<T>>(problem, parameters, plan.capacity());
        if (want_gradient)
            worker->grad.emplace(n_models, parameters.n_outputs, parameters.n_features, parameters.has_intercept);
        return *worker;
    };
    if (want_gradient) {
        const Parameters<T>& grad = *furnished(0).grad;
        sums.coef.assign(grad.coef.size(), 0.0);
        sums.intercept.assign(static_cast<std::size_t>(grad.n_scores()), 0.0);
    }
    for_each_block(
        plan, poll,
        [&](int room, std::int64_t b) {
            Worker<T>& worker = furnished(room);
            worker.block.gather(rows, plan.begin(b), plan.end(b));
            if (worker.grad) worker.grad->clear();
            worker.sums = &walk(worker);
        },
        [&](int room) { add(sums, *rooms[static_cast<std::size_t>(room)]); });
    return sums;
}

}  // namespace

template <class T>
PassSums full_pass(const Problem<T>& problem, const Parameters<T>& parameters, const RowSource& rows,
                   bool want_gradient, int n_threads, const std::function<void()>& poll) {
    const auto walk = [&](Worker<T>& worker) -> const BlockSums<T>& {
        return worker.walk.pass(parameters, worker.block, 0, worker.block.count(), nullptr,
                                worker.grad ? &*worker.grad : nullptr);
    };
    return sum_rows(problem, parameters, rows, parameters.n_models, want_gradient, n_threads, poll, walk);
}

template <class T>
PassSums hessian_pass(const Problem<T>& problem, const Parameters<T>& point_and_direction, const RowSource& rows,
                      int n_threads, const std::function<void()>& poll) {
    const auto walk = [&](Worker<T>& worker) -> const BlockSums<T>& {
        return worker.walk.hessian_pass(point_and_direction, worker.block, *worker.grad);
    };
    return sum_rows(problem, point_and_direction, rows, 1, true, n_threads, poll, walk);
}

template <class T>
bool raw_scores(const Problem<T>& problem, const Parameters<T>& parameters, const RowSource& rows, int n_threads,
                T* out) {
    Problem<T> unweighted = problem;
    unweighted.weight = nullptr;
    unweighted.n_folds = 0;
    const BlockPlan plan = plan_blocks(problem, parameters.n_scores(), rows.count, n_threads);
    const auto workers = make_workers(unweighted, parameters, plan);
    std::atomic<std::int64_t> next_block{0};
    std::atomic<bool> finite{true};
    parallel(plan.team, [&](int thread, int) {
        Worker<T>& worker = *workers[static_cast<std::size_t>(thread)];
        for (std::int64_t b = next_block++; b < plan.n_blocks; b = next_block++) {
            worker.block.gather(rows, plan.begin(b), plan.end(b));
            for (std::ptrdiff_t first = 0; first < worker.block.count(); first += worker.walk.at_once()) {
                const std::ptrdiff_t count = std::min(worker.walk.at_once(), worker.block.count() - first);
                const ScoreBlock<T>& scores = worker.walk.raw(parameters, worker.block, first, count);
                const T* offset = worker.block.offset(first);
                if (problem.n_outputs == 1 && offset == nullptr) {
                    std::copy_n(scores.raw.data(), count, out + plan.begin(b) + first);
                    continue;
                }
                for (std::ptrdiff_t r = 0; r < count; ++r)
                    for (int k = 0; k < problem.n_outputs; ++k) {
                        const T score = scores.raw[static_cast<std::size_t>(k * scores.stride + r)];
                        out[(plan.begin(b) + first + r) * problem.n_outputs + k] =
                            offset != nullptr ? score + offset[k * worker.block.stride() + r] : score;
                    }
            }
            // While they are in cache.
            const T* of_block = out + plan.begin(b) * problem.n_outputs;
            if (!all_finite(of_block, (plan.end(b) - plan.begin(b)) * problem.n_outputs)) finite = false;
        }
    });
    return finite;
}

template PassSums full_pass<float>(const Problem<float>&, const Parameters<float>&, const RowSource&, bool, int,
                                   const std::function<void()>&);
template PassSums full_pass<double>(const Problem<double>&, const Parameters<double>&, const RowSource&, bool, int,
                                    const std::function<void()>&);
template PassSums hessian_pass<float>(const Problem<float>&, const Parameters<float>&, const RowSource&, int,
                                      const std::function<void()>&);
template PassSums hessian_pass<double>(const Problem<double>&, const Parameters<double>&, const RowSource&, int,
                                       const std::function<void()>&);
template bool raw_scores<float>(const Problem<float>&, const Parameters<float>&, const RowSource&, int, float*);
template bool raw_scores<double>(const Problem<double>&, const Parameters<double>&, const RowSource&, int, double*);

}  // namespace fastgd
