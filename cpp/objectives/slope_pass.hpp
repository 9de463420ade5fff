#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "objectives/full_pass.hpp"
#include "objectives/row_walk.hpp"
#include "objectives/slope_table.hpp"

namespace fastgd {

// The derivatives of all rows into the table, and the gradient that they add up to; counts the rows that each model
// sees. What `poll` throws leaves the table half written.
template <class T>
PassSums slope_pass(const Problem<T>& problem, const Parameters<T>& parameters, const T* scale, SlopeTable<T>& table,
                    std::span<std::int64_t> n_rows, const std::function<void()>& poll) {
    const BlockPlan plan = plan_blocks(problem, parameters.n_scores(), problem.X.n_rows, 1);
    RowBlock<T> block(problem, plan.capacity());
    RowWalk<T> walk(problem, parameters, plan.capacity());
    Parameters<T> grad(parameters.n_models, parameters.n_outputs, parameters.n_features, parameters.has_intercept);
    PassSums sums;
    sums.coef = AlignedBuffer<double>(grad.coef.size());
    sums.intercept = AlignedBuffer<double>(static_cast<std::size_t>(grad.n_scores()));
    for_each_block(
        plan, poll,
        [&](int, int, std::int64_t b) {
            block.gather({nullptr, problem.X.n_rows}, plan.begin(b), plan.end(b));
            walk.pass(parameters, block, 0, block.count(), scale, &grad, &table);
            for (std::size_t m = 0; m < n_rows.size(); ++m)
                n_rows[m] += block.n_present(0, block.count(), problem.fold_of(static_cast<int>(m)));
        },
        [&](int) {
            grad.add_to(sums.coef.data(), sums.intercept.data());
            grad.clear();
        });
    return sums;
}

}  // namespace fastgd
