#include "objectives/mlp_pass.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "objectives/mlp_walk.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

// Rows that are summed in the compute type: their units stay in L2.
template <class T>
std::int64_t block_rows(const MlpShape<T>& shape) {
    std::int64_t units = shape.head().n_outputs;
    for (const auto& layer : shape.hidden()) units += layer.padded;
    return std::clamp<std::int64_t>((1 << 18) / units, 64, 1024) / 16 * 16;
}

template <class T>
bool all_finite(const T* values, std::int64_t n) {
    int bad = 0;
    for (std::int64_t i = 0; i < n; ++i) bad |= !(std::abs(values[i]) <= std::numeric_limits<T>::max());
    return bad == 0;
}

}  // namespace

template <class T>
PassSums mlp_pass(const MlpProblem<T>& problem, const Parameters<T>& params, const RowSource& rows, bool want_gradient,
                  int n_threads, const std::function<void()>& poll, std::span<const DropoutStep> masks) {
    const auto n_models = static_cast<std::size_t>(params.n_models);
    PassSums sums;
    sums.loss.assign(n_models, 0.0);
    sums.fold_weight.assign(static_cast<std::size_t>(problem.data.n_folds), 0.0);
    sums.finite = std::make_unique<bool[]>(n_models);
    std::fill_n(sums.finite.get(), n_models, true);
    const std::ptrdiff_t size = problem.shape.size();
    if (want_gradient) sums.coef.assign(n_models * static_cast<std::size_t>(size), 0.0);
    std::vector<Problem<T>> seen;
    for (int m = 0; m < params.n_models; ++m) seen.push_back(problem.seen_by(m));

    const std::int64_t most_rows = std::min(block_rows(problem.shape), rows.count);
    const int team = mlp_team(problem, most_rows, n_threads);
    RowBlock<T> block(problem.data, most_rows);
    MlpWalk<T> walk(problem.data, problem.shape, problem.activation, most_rows, team);
    const std::int64_t blocks_at_once =
        std::max<std::int64_t>(1, kMlpStretch / (most_rows * problem.row_work() * params.n_models));

    const auto add_block = [&](int thread, auto&& sync, std::int64_t begin) {
        if (thread == 0) {
            block.gather(rows, begin, std::min(begin + most_rows, rows.count));
            sums.weight += block.weight_sum(0, block.count());
            sums.n_present += block.n_present(0, block.count());
            for (std::size_t f = 0; f < sums.fold_weight.size(); ++f)
                sums.fold_weight[f] += block.weight_sum(0, block.count(), static_cast<int>(f));
        }
        sync();
        if (block.count() == 0) return sync();
        for (std::size_t m = 0; m < n_models; ++m) {
            const T* of_model = params.coef_row(static_cast<std::ptrdiff_t>(m));
            double* to = want_gradient ? sums.coef.data() + static_cast<std::ptrdiff_t>(m) * size : nullptr;
            if (want_gradient) {
                walk.gradient(thread, sync, seen[m], of_model, block, 0, block.count(), T(1),
                              masks.empty() ? DropoutStep{} : masks[m], begin, [&](const Stretch& stretch, T* grad) {
                                  const std::ptrdiff_t n = stretch.end - stretch.begin;
                                  double* sum = to + stretch.begin;
                                  for (std::ptrdiff_t i = 0; i < n; ++i) sum[i] += static_cast<double>(grad[i]);
                                  std::fill_n(grad, n, T(0));
                              });
            } else {
                walk.losses(thread, sync, seen[m], of_model, block, 0, block.count());
            }
            if (thread == 0) {
                sums.loss[m] += walk.loss();
                sums.finite[m] = sums.finite[m] && walk.finite();
            }
            sync();
        }
    };
    for (std::int64_t begin = 0; begin < rows.count; begin += blocks_at_once * most_rows) {
        if (poll) poll();
        const std::int64_t end = std::min(rows.count, begin + blocks_at_once * most_rows);
        parallel(team, [&](int thread, int n_threads_now, Barrier& barrier) {
            if (walk.size() != n_threads_now) {
                barrier.wait();
                if (thread == 0)
                    walk = MlpWalk<T>(problem.data, problem.shape, problem.activation, most_rows, n_threads_now);
                barrier.wait();
            }
            const auto sync = [&] {
                if (n_threads_now > 1) barrier.wait();
            };
            for (std::int64_t at = begin; at < end; at += most_rows) add_block(thread, sync, at);
        });
    }
    return sums;
}

template <class T>
bool mlp_raw_scores(const MlpProblem<T>& problem, const T* params, const RowSource& rows, int n_threads, T* out) {
    Problem<T> unweighted = problem.data;
    unweighted.weight = nullptr;
    unweighted.n_folds = 0;
    const std::int64_t most_rows = std::min(block_rows(problem.shape), std::max<std::int64_t>(rows.count, 1));
    const std::int64_t n_blocks = (rows.count + most_rows - 1) / most_rows;
    const auto n_outputs = problem.data.n_outputs;
    const int team = static_cast<int>(
        std::min<std::int64_t>(mlp_team(problem, rows.count, n_threads), std::max<std::int64_t>(n_blocks, 1)));
    std::vector<std::unique_ptr<RowBlock<T>>> blocks;
    std::vector<std::unique_ptr<MlpWalk<T>>> walks;
    for (int t = 0; t < team; ++t) {
        blocks.push_back(std::make_unique<RowBlock<T>>(unweighted, most_rows));
        walks.push_back(
            std::make_unique<MlpWalk<T>>(unweighted, problem.shape, problem.activation, most_rows, 1, false));
    }
    std::atomic<std::int64_t> next_block{0};
    std::atomic<bool> finite{true};
    parallel(team, [&](int thread, int) {
        RowBlock<T>& block = *blocks[static_cast<std::size_t>(thread)];
        MlpWalk<T>& walk = *walks[static_cast<std::size_t>(thread)];
        const auto score = [&](std::int64_t begin, std::int64_t end) {
            block.gather(rows, begin, end);
            T* to = out + begin * n_outputs;
            const bool all = walk.scores([] {}, params, block,
                                         [&](const ScoreBlock<T>& scores, std::ptrdiff_t count) {
                                             for (std::ptrdiff_t r = 0; r < count; ++r)
                                                 for (std::ptrdiff_t k = 0; k < n_outputs; ++k)
                                                     to[r * n_outputs + k] =
                                                         scores.raw[static_cast<std::size_t>(k * scores.stride + r)];
                                         });
            return all && all_finite(to, (end - begin) * n_outputs);
        };
        for (std::int64_t b = next_block++; b < n_blocks; b = next_block++) {
            const std::int64_t begin = b * most_rows;
            const std::int64_t end = std::min(begin + most_rows, rows.count);
            if (score(begin, end)) continue;
            finite = false;
            // An activation may hide what is not finite.
            for (std::int64_t r = begin; r < end; ++r)
                if (!score(r, r + 1)) std::fill_n(out + r * n_outputs, n_outputs, std::numeric_limits<T>::quiet_NaN());
        }
    });
    return finite;
}

template PassSums mlp_pass(const MlpProblem<float>&, const Parameters<float>&, const RowSource&, bool, int,
                           const std::function<void()>&, std::span<const DropoutStep>);
template PassSums mlp_pass(const MlpProblem<double>&, const Parameters<double>&, const RowSource&, bool, int,
                           const std::function<void()>&, std::span<const DropoutStep>);
template bool mlp_raw_scores(const MlpProblem<float>&, const float*, const RowSource&, int, float*);
template bool mlp_raw_scores(const MlpProblem<double>&, const double*, const RowSource&, int, double*);

}  // namespace fastgd
