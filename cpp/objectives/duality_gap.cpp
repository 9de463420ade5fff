#include "objectives/duality_gap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "fastgd/errors.hpp"
#include "objectives/block_pass.hpp"
#include "objectives/fenchel_young.hpp"
#include "objectives/row_walk.hpp"

// For each output, with p_i = s_i / sum s and z_i its raw scores, the dual of
//
//     F = sum_i p_i l_i(z_i) + R(coef)     is     D(theta) = -sum_i p_i (l_i*(theta_i) - offset_i theta_i) - R*(-g)
//
// with g = sum_i p_i theta_i x_i, x_i as the model sees it, and with sum_i p_i theta_i = 0 where an intercept is
// fitted. The gap is then
//
//     F - D = sum_i p_i (l_i(z_i) + l_i*(theta_i) - theta_i z_i) + sum_j (R(w_j) + R*(-g_j) + g_j w_j),
//
// a sum of terms that are never negative: F and D are not subtracted, and gaps far below F's own rounding are true.
// At theta_i = l_i'(z_i) the first sum is 0. An intercept asks for a balance that only its best value has: squared
// errors are shifted by their mean; of the classes the one with the larger sum is scaled down to the other's, which
// leaves every theta_i where l_i* is finite.

namespace fastgd {
namespace {

// Two sums over rows for each output, and those that the rows' derivatives make.
struct DualSums {
    bool finite = true;
    std::vector<double> first;
    std::vector<double> second;
    PassSums pass;
};

template <class T>
struct DualWorker {
    RowBlock<T> block;
    RowWalk<T> walk;
    std::optional<Parameters<T>> gradient{};
    std::vector<double> first{};
    std::vector<double> second{};
    bool finite = true;

    DualWorker(const Problem<T>& problem, const Parameters<T>& parameters, std::int64_t most_rows)
        : block(problem, most_rows), walk(problem, parameters, most_rows) {}
};

// visit(weight, y, raw, theta, first, second) sees and may change the derivative theta of every row and output.
template <class T, class Visit>
DualSums dual_pass(const Problem<T>& problem, const Parameters<T>& parameters, bool want_gradient, int n_threads,
                   const std::function<void()>& poll, Visit&& visit) {
    const auto n_outputs = static_cast<std::size_t>(problem.n_outputs);
    const BlockPlan plan = plan_blocks(problem, problem.n_outputs, problem.X.n_rows, n_threads);
    std::vector<std::unique_ptr<DualWorker<T>>> workers;
    for (int t = 0; t < plan.team; ++t) {
        workers.push_back(std::make_unique<DualWorker<T>>(problem, parameters, plan.capacity()));
        if (want_gradient) workers.back()->gradient.emplace(parameters);
    }
    DualSums sums;
    sums.first.assign(n_outputs, 0.0);
    sums.second.assign(n_outputs, 0.0);
    if (want_gradient) {
        sums.pass.coef = AlignedBuffer<double>(parameters.coef.size());
        sums.pass.intercept = AlignedBuffer<double>(n_outputs);
    }
    const auto see = [&](DualWorker<T>& worker, ScoreBlock<T>& scores, std::ptrdiff_t first, std::ptrdiff_t count) {
        LossCall<T> call{};
        worker.block.describe(call, first, count);
        for (std::ptrdiff_t k = 0; k < problem.n_outputs; ++k)
            for (std::ptrdiff_t r = 0; r < count; ++r) {
                const auto output = static_cast<std::size_t>(k);
                const auto at = static_cast<std::size_t>(k * scores.stride + r);
                const double weight = call.weight != nullptr ? static_cast<double>(call.weight[r]) : 1.0;
                if (weight == 0.0) continue;
                double y = static_cast<double>(call.y[k * call.y_stride + r]);
                if (problem.one_vs_rest) y = y == static_cast<double>(k) ? 1.0 : -1.0;
                double theta = static_cast<double>(scores.dloss[at]) / weight;
                visit(output, weight, y, static_cast<double>(scores.raw[at]), theta, worker.first[output],
                      worker.second[output]);
                scores.dloss[at] = static_cast<T>(weight * theta);
            }
    };
    for_each_block(
        plan, poll,
        [&](int, int room, std::int64_t b) {
            DualWorker<T>& worker = *workers[static_cast<std::size_t>(room)];
            worker.block.gather({nullptr, problem.X.n_rows}, plan.begin(b), plan.end(b));
            worker.first.assign(n_outputs, 0.0);
            worker.second.assign(n_outputs, 0.0);
            if (worker.gradient) {
                worker.gradient->coef.clear();
                worker.gradient->intercept.clear();
            }
            worker.finite = worker.walk
                                .pass_adjusted(parameters, worker.block, worker.gradient ? &*worker.gradient : nullptr,
                                               [&](ScoreBlock<T>& scores, std::ptrdiff_t first, std::ptrdiff_t count) {
                                                   see(worker, scores, first, count);
                                               })
                                .finite()[0];
        },
        [&](int room) {
            const DualWorker<T>& worker = *workers[static_cast<std::size_t>(room)];
            sums.pass.weight += worker.block.weight_sum(0, worker.block.count());
            sums.finite = sums.finite && worker.finite;
            for (std::size_t k = 0; k < n_outputs; ++k) {
                sums.first[k] += worker.first[k];
                sums.second[k] += worker.second[k];
            }
            if (worker.gradient) worker.gradient->add_to(sums.pass.coef.data(), sums.pass.intercept.data());
        });
    if (!sums.finite) throw NonFiniteError();
    return sums;
}

// How derivatives become a dual point that allows an intercept, for each output.
struct Balance {
    // Of squared errors: subtracted from each.
    std::vector<double> shift;
    // Of binary losses: the factors of those above and below 0.
    std::vector<double> above;
    std::vector<double> below;
};

template <class T>
Balance balance(const Problem<T>& problem, const Parameters<T>& parameters, bool fit_intercept, int n_threads,
                const std::function<void()>& poll) {
    const auto n_outputs = static_cast<std::size_t>(problem.n_outputs);
    Balance result{std::vector<double>(n_outputs, 0.0), std::vector<double>(n_outputs, 1.0),
                   std::vector<double>(n_outputs, 1.0)};
    if (!fit_intercept) return result;
    const DualSums sums = dual_pass(problem, parameters, false, n_threads, poll,
                                    [](std::size_t, double weight, double, double, const double& theta, double& above,
                                       double& below) { (theta > 0.0 ? above : below) += weight * std::fabs(theta); });
    for (std::size_t k = 0; k < n_outputs; ++k) {
        const double least = std::min(sums.first[k], sums.second[k]);
        result.shift[k] = (sums.first[k] - sums.second[k]) / sums.pass.weight;
        if (sums.first[k] > 0.0) result.above[k] = least / sums.first[k];
        if (sums.second[k] > 0.0) result.below[k] = least / sums.second[k];
    }
    return result;
}

}  // namespace

template <class T>
double duality_gap(const Problem<T>& problem, const LinearOptions& options, const ParameterMap& map,
                   std::span<const double> w, int n_threads, const std::function<void()>& poll) {
    const std::optional<DualLoss> loss = dual_loss(options.loss);
    if (!loss)
        throw std::invalid_argument(
            "loss must be one of squared_error, log_loss, hinge, squared_hinge for a duality gap; got '" +
            options.loss + "'");
    const bool regression = *loss == DualLoss::squared_error;
    const Penalty penalty{options.alpha, options.l1_ratio};
    if (penalty.alpha == 0.0) return std::numeric_limits<double>::infinity();
    const Parameters<T> parameters = map.to_data<T>(w);
    const Balance balanced = balance(problem, parameters, map.fit_intercept(), n_threads, poll);
    const DualSums sums =
        dual_pass(problem, parameters, true, n_threads, poll,
                  [&](std::size_t k, double weight, double y, double raw, double& theta, double& total, double&) {
                      if (regression) {
                          theta -= balanced.shift[k];
                          total += weight * theta * theta;
                          return;
                      }
                      theta *= theta > 0.0 ? balanced.above[k] : balanced.below[k];
                      if (*loss != DualLoss::squared_hinge) theta = std::clamp(theta, -1.0, 1.0);
                      total += weight * fenchel_young(*loss, y * raw, -y * theta);
                  });

    std::vector<double> g(w.size());
    map.write_gradient(sums.pass, parameters, sums.pass.weight, g.data());
    const auto n = static_cast<std::size_t>(parameters.n_features);
    const auto penalty_part = [&](std::size_t k, double scale) {
        double total = 0.0;
        for (std::size_t j = k * n; j < (k + 1) * n; ++j)
            total += fenchel_young(penalty.l2(), penalty.l1(), w[j], -scale * g[j]);
        return total;
    };
    double gap = 0.0;
    for (std::size_t k = 0; k < sums.first.size(); ++k) {
        if (!regression) {
            gap += sums.first[k] / sums.pass.weight + penalty_part(k, 1.0);
            continue;
        }
        // Scaled down to where R* is finite without an l2 part, if that is better.
        double largest = 0.0;
        for (std::size_t j = k * n; j < (k + 1) * n; ++j) largest = std::max(largest, std::fabs(g[j]));
        const double scale = largest > penalty.l1() ? penalty.l1() / largest * (1.0 - 0x1p-50) : 1.0;
        const double left = (1.0 - scale) * (1.0 - scale) * sums.first[k] / sums.pass.weight;
        const double shifted = balanced.shift[k] * balanced.shift[k];
        gap += 0.5 * shifted + std::min(penalty_part(k, 1.0), 0.5 * left + penalty_part(k, scale));
    }
    return gap;
}

template double duality_gap<float>(const Problem<float>&, const LinearOptions&, const ParameterMap&,
                                   std::span<const double>, int, const std::function<void()>&);
template double duality_gap<double>(const Problem<double>&, const LinearOptions&, const ParameterMap&,
                                    std::span<const double>, int, const std::function<void()>&);

}  // namespace fastgd
