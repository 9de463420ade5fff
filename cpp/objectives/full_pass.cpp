#include "objectives/full_pass.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>

#include "objectives/all_finite.hpp"
#include "objectives/row_walk.hpp"
#include "runtime/team_poll.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

// A thread's.
template <class T>
struct Worker {
    RowBlock<T> block;
    RowWalk<T> walk;

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

// Sums of a block, of which the gradient is still in the compute type.
template <class T>
struct Room {
    PassSums sums;
    std::optional<Parameters<T>> grad;

    Room(int n_models, int n_folds) : sums(n_models, n_folds) {}

    Parameters<T>* wanted_grad() {
        if (!grad) return nullptr;
        grad->clear();
        return &*grad;
    }
    void keep(const RowBlock<T>& block, const BlockSums<T>& of_block) {
        const std::ptrdiff_t count = block.count();
        sums.weight = block.weight_sum(0, count);
        sums.n_present = block.n_present(0, count);
        for (std::size_t f = 0; f < sums.fold_weight.size(); ++f)
            sums.fold_weight[f] = block.weight_sum(0, count, static_cast<int>(f));
        for (std::size_t m = 0; m < sums.loss.size(); ++m) {
            sums.loss[m] = of_block.loss(static_cast<int>(m));
            sums.finite[m] = of_block.finite()[m];
        }
    }
    void add_to(PassSums& all) const {
        all.weight += sums.weight;
        all.n_present += sums.n_present;
        for (std::size_t f = 0; f < all.fold_weight.size(); ++f) all.fold_weight[f] += sums.fold_weight[f];
        for (std::size_t m = 0; m < all.loss.size(); ++m) {
            all.loss[m] += sums.loss[m];
            all.finite[m] = all.finite[m] && sums.finite[m];
        }
        if (grad) grad->add_to(all.coef.data(), all.intercept.data());
    }
};

// `poll` where a block takes long, of wide rows or many models; else nothing.
template <class T>
std::function<void()> within_block(const Problem<T>& problem, const BlockPlan& plan, std::ptrdiff_t n_scores,
                                   const std::function<void()>& poll) {
    constexpr std::int64_t kWork = 1 << 26;
    return plan.capacity() * problem.row_entries() * n_scores > kWork ? poll : nullptr;
}

// Sums for n_models of the parameters' shape; `walk(worker, grad, poll)` makes those of a block, the gradient where it
// is not null.
template <class T, class Walk>
PassSums sum_rows(const Problem<T>& problem, const Parameters<T>& parameters, const RowSource& rows, int n_models,
                  bool want_gradient, int n_threads, const std::function<void()>& poll, Walk&& walk) {
    PassSums sums(n_models, problem.n_folds);
    BlockPlan plan = plan_blocks(problem, parameters.n_scores(), rows.count, n_threads);
    plan.add_spare_rooms(want_gradient ? static_cast<std::int64_t>(parameters.coef.size() * sizeof(T)) : 0);
    const auto workers = make_workers(problem, parameters, plan);
    // A room is furnished when it is first used: most stay empty where nobody is held up.
    std::vector<std::optional<Room<T>>> rooms(static_cast<std::size_t>(plan.n_rooms()));
    const auto furnished = [&](int at) -> Room<T>& {
        std::optional<Room<T>>& room = rooms[static_cast<std::size_t>(at)];
        if (room) return *room;
        room.emplace(n_models, problem.n_folds);
        if (want_gradient)
            room->grad.emplace(n_models, parameters.n_outputs, parameters.n_features, parameters.has_intercept);
        return *room;
    };
    if (want_gradient) {
        const Parameters<T>& grad = *furnished(0).grad;
        sums.coef = AlignedBuffer<double>(grad.coef.size());
        sums.intercept = AlignedBuffer<double>(static_cast<std::size_t>(grad.n_scores()));
    }
    const std::function<void()> within = within_block(problem, plan, parameters.n_scores(), poll);
    const TeamPoll look(within);
    const std::function<void()> own = look.function();
    for_each_block(
        plan, poll,
        [&](int thread, int at, std::int64_t b) {
            Worker<T>& worker = *workers[static_cast<std::size_t>(thread)];
            Room<T>& room = furnished(at);
            worker.block.gather(rows, plan.begin(b), plan.end(b));
            room.keep(worker.block, walk(worker, room.wanted_grad(), own));
        },
        [&](int at) { rooms[static_cast<std::size_t>(at)]->add_to(sums); }, &look);
    return sums;
}

}  // namespace

template <class T>
PassSums full_pass(const Problem<T>& problem, const Parameters<T>& parameters, const RowSource& rows,
                   bool want_gradient, int n_threads, const std::function<void()>& poll) {
    const auto walk = [&](Worker<T>& worker, Parameters<T>* grad,
                          const std::function<void()>& own) -> const BlockSums<T>& {
        return worker.walk.pass(parameters, worker.block, 0, worker.block.count(), nullptr, grad, nullptr, own);
    };
    return sum_rows(problem, parameters, rows, parameters.n_models, want_gradient, n_threads, poll, walk);
}

template <class T>
PassSums hessian_pass(const Problem<T>& problem, const Parameters<T>& point_and_direction, const RowSource& rows,
                      int n_threads, const std::function<void()>& poll) {
    const auto walk = [&](Worker<T>& worker, Parameters<T>* product,
                          const std::function<void()>& own) -> const BlockSums<T>& {
        return worker.walk.hessian_pass(point_and_direction, worker.block, *product, own);
    };
    return sum_rows(problem, point_and_direction, rows, 1, true, n_threads, poll, walk);
}

template <class T>
bool raw_scores(const Problem<T>& problem, const Parameters<T>& parameters, const RowSource& rows, int n_threads,
                T* out, const std::function<void()>& poll) {
    Problem<T> unweighted = problem;
    unweighted.weight = nullptr;
    unweighted.n_folds = 0;
    const BlockPlan plan = plan_blocks(problem, parameters.n_scores(), rows.count, n_threads);
    const auto workers = make_workers(unweighted, parameters, plan);
    std::atomic<bool> finite{true};
    const std::function<void()> within = within_block(problem, plan, parameters.n_scores(), poll);
    const TeamPoll look(within);
    const auto score = [&](int thread, int, std::int64_t b) {
        Worker<T>& worker = *workers[static_cast<std::size_t>(thread)];
        worker.block.gather(rows, plan.begin(b), plan.end(b));
        for (std::ptrdiff_t first = 0; first < worker.block.count(); first += worker.walk.at_once()) {
            look();
            const std::ptrdiff_t count = std::min(worker.walk.at_once(), worker.block.count() - first);
            const ScoreBlock<T>& scores = worker.walk.raw(parameters, worker.block, first, count);
            const T* offset = worker.block.offset(first);
            if (problem.n_outputs == 1 && offset == nullptr) {
                std::copy_n(scores.raw.data(), count, out + plan.begin(b) + first);
                continue;
            }
            for (std::ptrdiff_t r = 0; r < count; ++r)
                for (int k = 0; k < problem.n_outputs; ++k) {
                    const T raw = scores.raw[static_cast<std::size_t>(k * scores.stride + r)];
                    out[(plan.begin(b) + first + r) * problem.n_outputs + k] =
                        offset != nullptr ? raw + offset[k * worker.block.stride() + r] : raw;
                }
        }
        // While they are in cache.
        const T* of_block = out + plan.begin(b) * problem.n_outputs;
        if (!all_finite(of_block, (plan.end(b) - plan.begin(b)) * problem.n_outputs)) finite = false;
    };
    for_each_block(
        plan, poll, score, [](int) {}, &look);
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
template bool raw_scores<float>(const Problem<float>&, const Parameters<float>&, const RowSource&, int, float*,
                                const std::function<void()>&);
template bool raw_scores<double>(const Problem<double>&, const Parameters<double>&, const RowSource&, int, double*,
                                 const std::function<void()>&);

}  // namespace fastgd
