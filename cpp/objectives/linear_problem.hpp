#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "fastgd/linear_objective.hpp"
#include "kernels/kernel_table.hpp"

namespace fastgd {

// A linear objective in its compute type: the caller's arrays, and the kernels that fit them.
template <class T>
struct LinearProblem {
    MatrixView X;
    const T* y;
    // Targets a row: more than one only for regression with several outputs.
    int n_targets;
    const T* weight;
    const T* offset;
    int n_outputs;
    bool fit_intercept;
    bool one_vs_rest;
    T loss_param;
    LossKernel<T> loss;
    LossKernel<T> loss_of_row;
    CurvatureKernel<T> curvature;
    const Kernels<T>* kernels;
    // The mean weight of the rows that weigh more than 0.
    double mean_weight;

    const StorageKernels<T>& storage() const { return kernels->storage[static_cast<int>(X.storage)]; }
    const std::byte* row(std::int64_t i) const { return static_cast<const std::byte*>(X.data) + i * X.row_stride; }
    bool present(std::int64_t i) const { return weight == nullptr || weight[i] > T(0); }
    std::int64_t row_bytes() const { return X.n_cols * element_size(X.storage); }
    LossCall<T> loss_call(T scale) const {
        LossCall<T> call{};
        call.n_outputs = n_outputs;
        call.one_vs_rest = one_vs_rest;
        call.scale = scale;
        call.param = loss_param;
        return call;
    }
};

}  // namespace fastgd
