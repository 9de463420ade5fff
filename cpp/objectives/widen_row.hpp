#pragma once

#include <vector>

#include "objectives/linear_problem.hpp"

namespace fastgd {

// Elements of a row in the compute type, through the same loads as the kernels use: row . e_j.
template <class T>
std::vector<T> widen_row(const LinearProblem<T>& problem, std::int64_t row) {
    const std::ptrdiff_t n = problem.X.n_cols;
    const std::byte* at[kRowTile] = {problem.row(row), problem.row(row), problem.row(row), problem.row(row)};
    std::vector<T> out(static_cast<std::size_t>(round_up(n, kLaneAlign)));
    const T one = T(1);
    BackwardCall<T> call{};
    call.rows = {at, 1, nullptr};
    call.columns = {0, n};
    call.dloss = &one;
    call.dloss_stride = 1;
    call.n_outputs = 1;
    call.grad = out.data();
    problem.storage().backward(call);
    out.resize(static_cast<std::size_t>(n));
    return out;
}

}  // namespace fastgd
