#include "objectives/mlp_pass.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>

#include "objectives/all_finite.hpp"
#include "objectives/block_pass.hpp"
#include "objectives/mlp_walk.hpp"
#include "runtime/team_poll.hpp"

namespace fastgd {
namespace {

// Rows that are summed in the compute type: their units stay in L2. Of sparse rows more, so that their entries outweigh
// adding up a gradient that is dense.
template <class T>
std::int64_t block_rows(const MlpProblem<T>& problem) {
    std::int64_t units = problem.shape.head().n_outputs;
    for (const auto& layer : problem.shape.hidden()) units += layer.padded;
    const std::int64_t most_units = problem.data.sparse() ? 1 << 20 : 1 << 18;
    const std::int64_t most_rows = problem.data.sparse() ? 8192 : 1024;
    return std::clamp<std::int64_t>(most_units / units, 64, most_rows) / 16 * 16;
}

template <class T>
BlockPlan plan_blocks(const MlpProblem<T>& problem, std::int64_t n_rows, int n_threads) {
    const std::int64_t rows = block_rows(problem);
    const std::int64_t n_blocks = (n_rows + rows - 1) / rows;
    const int team = static_cast<int>(std::clamp<std::int64_t>(
        std::min<std::int64_t>(mlp_threads(problem, n_rows, n_threads), n_blocks), 1, n_threads));
    return {n_rows, rows, n_blocks, team};
}

// What the rows of a block need.
template <class T>
struct Worker {
    RowBlock<T> block;
    MlpWalk<T> walk;
    // Of all models, of the block at hand.
    AlignedBuffer<T> grad;
    std::vector<double> loss;
    std::unique_ptr<bool[]> finite;

    Worker(const MlpProblem<T>& problem, int n_models, std::int64_t most_rows, bool want_gradient)
        : block(problem.data, most_rows, true),
          walk(problem.data, problem.shape, problem.activation, most_rows, 1, want_gradient),
          grad(want_gradient ? static_cast<std::size_t>(n_models * problem.shape.size()) : 0),
          loss(static_cast<std::size_t>(n_models)),
          finite(std::make_unique<bool[]>(loss.size())) {}
};

template <class T>
void add(PassSums& sums, Worker<T>& worker, const TeamPoll& look) {
    const std::ptrdiff_t count = worker.block.count();
    sums.weight += worker.block.weight_sum(0, count);
    sums.n_present += worker.block.n_present(0, count);
    for (std::size_t f = 0; f < sums.fold_weight.size(); ++f)
        sums.fold_weight[f] += worker.block.weight_sum(0, count, static_cast<int>(f));
    if (count == 0) return;
    for (std::size_t m = 0; m < sums.loss.size(); ++m) {
        sums.loss[m] += worker.loss[m];
        sums.finite[m] = sums.finite[m] && worker.finite[m];
    }
    const std::size_t n_models = sums.loss.size();
    for (std::size_t m = 0; m < n_models; ++m, look())
        for (std::size_t i = sums.coef.size() / n_models * m; i < sums.coef.size() / n_models * (m + 1); ++i)
            sums.coef[i] += static_cast<double>(worker.grad[i]);
}

}  // namespace

template <class T>
PassSums mlp_pass(const MlpProblem<T>& problem, const Parameters<T>& params, const RowSource& rows, bool want_gradient,
                  int n_threads, const std::function<void()>& poll, std::span<const DropoutStep> masks) {
    const auto n_models = static_cast<std::size_t>(params.n_models);
    const std::ptrdiff_t size = problem.shape.size();
    PassSums sums(params.n_models, problem.data.n_folds);
    if (want_gradient) sums.coef = AlignedBuffer<double>(n_models * static_cast<std::size_t>(size));
    std::vector<Problem<T>> seen;
    for (int m = 0; m < params.n_models; ++m) seen.push_back(problem.seen_by(m));

    const BlockPlan plan = plan_blocks(problem, rows.count, n_threads);
    std::vector<std::unique_ptr<Worker<T>>> workers;
    for (int t = 0; t < plan.team; ++t)
        workers.push_back(std::make_unique<Worker<T>>(problem, params.n_models, plan.capacity(), want_gradient));
    // Within a block, too, where that takes long.
    const bool is_long = plan.capacity() * problem.row_work() * params.n_models > kMlpStretch;
    const std::function<void()> within = is_long ? poll : nullptr;
    const TeamPoll look(within);
    for_each_block(
        plan, poll,
        [&](int, int room, std::int64_t b) {
            Worker<T>& worker = *workers[static_cast<std::size_t>(room)];
            worker.block.gather(rows, plan.begin(b), plan.end(b));
            const std::ptrdiff_t count = worker.block.count();
            for (std::size_t m = 0; m < n_models && count > 0; ++m) {
                const T* of_model = params.coef_row(static_cast<std::ptrdiff_t>(m));
                if (want_gradient) {
                    T* grad = worker.grad.data() + static_cast<std::ptrdiff_t>(m) * size;
                    worker.walk.gradient(0, worker.walk.kAlone, look, seen[m], of_model, worker.block, 0, count, T(1),
                                         masks.empty() ? DropoutStep{} : masks[m], plan.begin(b),
                                         [&](const Stretch& stretch, T* part) { move_to(grad, stretch, part); });
                } else {
                    worker.walk.losses(seen[m], of_model, worker.block, count, look);
                }
                worker.loss[m] = worker.walk.loss();
                worker.finite[m] = worker.walk.finite();
            }
        },
        [&](int room) { add(sums, *workers[static_cast<std::size_t>(room)], look); }, &look);
    return sums;
}

template <class T>
bool mlp_raw_scores(const MlpProblem<T>& problem, const T* params, const RowSource& rows, int n_threads, T* out,
                    const std::function<void()>& poll) {
    MlpProblem<T> unweighted = problem;
    unweighted.data.weight = nullptr;
    unweighted.data.n_folds = 0;
    const auto n_outputs = problem.data.n_outputs;
    const BlockPlan plan = plan_blocks(problem, rows.count, n_threads);
    std::vector<std::unique_ptr<Worker<T>>> workers;
    for (int t = 0; t < plan.team; ++t)
        workers.push_back(std::make_unique<Worker<T>>(unweighted, 1, plan.capacity(), false));
    std::atomic<bool> finite{true};
    const auto score_block = [&](int thread, int, std::int64_t b) {
        Worker<T>& worker = *workers[static_cast<std::size_t>(thread)];
        const auto score = [&](std::int64_t begin, std::int64_t end) {
            worker.block.gather(rows, begin, end);
            T* to = out + begin * n_outputs;
            const bool all =
                worker.walk.scores(params, worker.block, [&](const ScoreBlock<T>& scores, std::ptrdiff_t count) {
                    for (std::ptrdiff_t r = 0; r < count; ++r)
                        for (std::ptrdiff_t k = 0; k < n_outputs; ++k)
                            to[r * n_outputs + k] = scores.raw[static_cast<std::size_t>(k * scores.stride + r)];
                });
            return all && all_finite(to, (end - begin) * n_outputs);
        };
        if (score(plan.begin(b), plan.end(b))) return;
        finite = false;
        // An activation may hide what is not finite.
        for (std::int64_t r = plan.begin(b); r < plan.end(b); ++r)
            if (!score(r, r + 1)) std::fill_n(out + r * n_outputs, n_outputs, std::numeric_limits<T>::quiet_NaN());
    };
    for_each_block(plan, poll, score_block, [](int) {});
    return finite;
}

template PassSums mlp_pass(const MlpProblem<float>&, const Parameters<float>&, const RowSource&, bool, int,
                           const std::function<void()>&, std::span<const DropoutStep>);
template PassSums mlp_pass(const MlpProblem<double>&, const Parameters<double>&, const RowSource&, bool, int,
                           const std::function<void()>&, std::span<const DropoutStep>);
template bool mlp_raw_scores(const MlpProblem<float>&, const float*, const RowSource&, int, float*,
                             const std::function<void()>&);
template bool mlp_raw_scores(const MlpProblem<double>&, const double*, const RowSource&, int, double*,
                             const std::function<void()>&);

}  // namespace fastgd
