#pragma once

#include <vector>

#include "objectives/problem.hpp"

namespace fastgd {

// Adds the elements of a row to whole vectors, in the compute type and through the same loads as the kernels use:
// row . e_j.
template <class T>
void widen_onto(const Problem<T>& problem, std::int64_t row, T* sum) {
    const std::byte* at[kRowTile] = {problem.row(row), problem.row(row), problem.row(row), problem.row(row)};
    const T one = T(1);
    BackwardCall<T> call{};
    call.rows = problem.rows(at, 1);
    call.columns = {0, problem.X.n_cols};
    call.dloss = &one;
    call.dloss_stride = 1;
    call.n_outputs = 1;
    call.grad = sum;
    problem.storage().backward(call);
}

// The elements of a row, in `room`, which is filled anew.
template <class T>
const std::vector<T>& widen_row(const Problem<T>& problem, std::int64_t row, std::vector<T>& room) {
    const std::ptrdiff_t n = problem.X.n_cols;
    room.assign(static_cast<std::size_t>(round_up(n, kLaneAlign)), T(0));
    widen_onto(problem, row, room.data());
    room.resize(static_cast<std::size_t>(n));
    return room;
}

}  // namespace fastgd
