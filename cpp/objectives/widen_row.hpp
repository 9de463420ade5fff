#pragma once

#include <vector>

#include "objectives/linear_problem.hpp"

namespace fastgd {

// Elements of a row in the compute type, through the same loads as the kernels use: row . e_j. They are in `room`,
// which is filled anew.
template <class T>
const std::vector<T>& widen_row(const LinearProblem<T>& problem, std::int64_t row, std::vector<T>& room) {
    const std::ptrdiff_t n = problem.X.n_cols;
    const std::byte* at[kRowTile] = {problem.row(row), problem.row(row), problem.row(row), problem.row(row)};
    room.assign(static_cast<std::size_t>(round_up(n, kLaneAlign)), T(0));
    const T one = T(1);
    BackwardCall<T> call{};
    call.rows = {at, 1, nullptr};
    call.columns = {0, n};
    call.dloss = &one;
    call.dloss_stride = 1;
    call.n_outputs = 1;
    call.grad = room.data();
    problem.storage().backward(call);
    room.resize(static_cast<std::size_t>(n));
    return room;
}

}  // namespace fastgd
