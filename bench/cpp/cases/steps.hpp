#pragma once

#include <memory>

#include "cases/kernel_case.hpp"
#include "runtime/registry_lookup.hpp"

namespace fastgd::bench {

// What plain stochastic descent on one model of the logistic loss is called with, a row a step, but for the rows.
template <class T>
class Steps {
public:
    Steps(Slice& slice, const KernelTable& table, std::ptrdiff_t n_features, std::ptrdiff_t n_rows)
        : ends_(static_cast<std::size_t>(n_rows)) {
        for (std::ptrdiff_t i = 0; i < n_rows; ++i) ends_[static_cast<std::size_t>(i)] = i + 1;
        const Kernels<T>& kernels = kernels_for<T>(table);
        const int loss = loss_index(table, "log_loss");
        call_.n_features = n_features;
        call_.coef_stride = round_up(n_features, kLaneAlign);
        call_.coef = slice.zeros<T>(call_.coef_stride);
        call_.intercept = &intercept_;
        call_.fit_intercept = true;
        call_.n_models = 1;
        call_.n_outputs = 1;
        // So small that coefficients stay where losses are fast.
        call_.lr = slice.filled(n_rows, T(1e-7));
        call_.l2 = &none_;
        call_.l1 = &none_;
        call_.scale = &one_;
        call_.weight = &weight_;
        call_.loss = kernels.loss_of_row[loss];
        call_.loss_of_rows = kernels.loss[loss];
        call_.loss_call.n_outputs = 1;
        call_.loss_call.y = slice.filled(n_rows, T(1));
        call_.scores = &score_;
        call_.dloss = &dloss_;
        call_.batch_ends = ends_.data();
        call_.n_batches = n_rows;
        call_.values = &value_;
        call_.stride = 1;
        call_.decay = &decay_;
        call_.loss_sum = &loss_sum_;
        call_.finite = &finite_;
    }
    // The call points into it.
    Steps(const Steps&) = delete;
    Steps& operator=(const Steps&) = delete;

    void run(PerSampleKernel<T> kernel, const Rows& rows) {
        call_.rows = rows;
        kernel(call_);
    }

private:
    PerSampleCall<T> call_{};
    std::vector<std::int64_t> ends_;
    T intercept_ = 0;
    T none_ = 0;
    T one_ = 1;
    T score_ = 0;
    T dloss_ = 0;
    T value_ = 0;
    const T* weight_ = nullptr;
    Decay decay_{1.0, 0.0};
    double loss_sum_ = 0.0;
    bool finite_ = true;
};

// Rows of one call of the kernels that make a step a row.
inline constexpr std::ptrdiff_t kStepRows = 1024;

}  // namespace fastgd::bench
