#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "fastgd/matrix_view.hpp"
#include "fastgd/user_loss.hpp"
#include "kernels/kernel_table.hpp"
#include "runtime/cpu.hpp"

namespace fastgd {

// The fold of a model that holds out none.
inline constexpr int kNoFold = -1;

// What is learned from, in its compute type: the caller's arrays, and the kernels that fit them.
template <class T>
struct Problem {
    MatrixView X;
    const T* y;
    // Targets a row: more than one only for regression with several outputs.
    int n_targets;
    const T* weight;
    const T* offset;
    int n_outputs;
    bool fit_intercept;
    bool one_vs_rest;
    // What the objective has of each intercept, beside the loss.
    double intercept_slope;
    T loss_param;
    LossKernel<T> loss;
    LossKernel<T> loss_of_row;
    CurvatureKernel<T> curvature;
    // In place of these kernels, where it is not null.
    const UserLoss* user_loss;
    const Kernels<T>* kernels;
    // The mean weight of the rows that weigh more than 0.
    double mean_weight;
    // Which fold each row belongs to, and which one each model holds out; null without folds. A model sees the rows of
    // its fold at weight 0.
    const std::int32_t* fold = nullptr;
    const int* fold_of_model = nullptr;
    int n_folds = 0;

    int fold_of(int model) const { return fold_of_model != nullptr ? fold_of_model[model] : kNoFold; }
    const StorageKernels<T>& storage() const { return kernels->storage[static_cast<int>(X.storage)]; }
    const std::byte* row(std::int64_t i) const { return static_cast<const std::byte*>(X.data) + i * X.row_stride; }
    bool present(std::int64_t i) const { return weight == nullptr || weight[i] > T(0); }
    bool sparse() const { return is_sparse(X.storage); }
    // Of a CSR matrix: its entries, duplicates counted.
    std::int64_t n_entries() const { return offset_at(X.n_rows) - offset_at(0); }
    // What a row has to be read, on average.
    std::int64_t row_entries() const { return sparse() ? std::max<std::int64_t>(1, n_entries() / X.n_rows) : X.n_cols; }
    std::int64_t row_bytes() const { return row_entries() * (element_size(X.storage) + index_size(X.storage)); }
    Rows rows(const std::byte* const* row, std::ptrdiff_t count, const std::byte* const* next = nullptr) const {
        return {row, count, next, X.values, X.indices, cpu_fetches_to_l2()};
    }
    std::int64_t offset_at(std::int64_t i) const {
        return index_size(X.storage) == 4 ? static_cast<const std::int32_t*>(X.data)[i]
                                          : static_cast<const std::int64_t*>(X.data)[i];
    }
    std::int64_t column_at(std::int64_t entry) const {
        return index_size(X.storage) == 4 ? static_cast<const std::int32_t*>(X.indices)[entry]
                                          : static_cast<const std::int64_t*>(X.indices)[entry];
    }
    // Threads that may call the loss, of those asked for.
    int loss_threads(int n_threads) const {
        return user_loss != nullptr && user_loss->on_calling_thread ? 1 : n_threads;
    }
    LossCall<T> loss_call(T scale) const {
        LossCall<T> call{};
        call.n_outputs = n_outputs;
        call.one_vs_rest = one_vs_rest;
        call.scale = scale;
        call.param = loss_param;
        return call;
    }
};

// A loss as callers name it.
struct LossChoice {
    const std::string& name;
    std::optional<double> param;
    // In its place, where it is not null.
    const UserLoss* user_loss;
    // Whether a binary loss has targets of its own for every output, in place of one against the rest.
    bool multilabel;
};

// Without an offset, and with an intercept. Throws std::invalid_argument for what does not fit together.
template <class T>
Problem<T> make_problem(const MatrixView& X, const void* y, const LossChoice& loss, int n_outputs, const void* weight);

using RowIndices = std::optional<std::span<const std::int64_t>>;
// Throws std::out_of_range for a row that does not exist.
void check_rows(const RowIndices& rows, std::int64_t n_rows);

// The first row and column of X that is NaN or infinite, in rows that weigh more than 0.
template <class T>
std::optional<std::pair<std::int64_t, std::int64_t>> find_nonfinite(const Problem<T>& problem,
                                                                    const std::function<void()>& poll);

}  // namespace fastgd
