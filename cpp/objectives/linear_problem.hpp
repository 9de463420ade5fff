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

// F's parts beside the problem itself.
struct Penalty {
    double alpha;
    double l1_ratio;
    double l2() const { return alpha * (1.0 - l1_ratio); }
    double l1() const { return alpha * l1_ratio; }
    // Of n coefficients.
    double value(const double* coef, std::int64_t n) const {
        double squares = 0.0;
        double absolutes = 0.0;
        for (std::int64_t i = 0; i < n; ++i) {
            squares += coef[i] * coef[i];
            absolutes += coef[i] < 0.0 ? -coef[i] : coef[i];
        }
        return 0.5 * l2() * squares + l1() * absolutes;
    }
    void add_gradient(const double* coef, double* grad, std::int64_t n) const {
        for (std::int64_t i = 0; i < n; ++i)
            grad[i] += l2() * coef[i] + l1() * static_cast<double>((coef[i] > 0.0) - (coef[i] < 0.0));
    }
};

}  // namespace fastgd
