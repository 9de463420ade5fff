#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// The losses of some rows of a model, from their scores to their derivatives, each an equal share of the mean of the
// rows that weigh more than 0; false where there is none.
template <class T>
FASTGD_INLINE bool evaluate_batch(const PerSampleCall<T>& call, std::ptrdiff_t begin, std::ptrdiff_t end, int m) {
    LossCall<T> loss = call.loss_call;
    const std::ptrdiff_t n = end - begin;
    loss.raw = call.scores + m * call.n_outputs * call.stride;
    loss.dloss = call.dloss + m * call.n_outputs * call.stride;
    loss.stride = call.stride;
    loss.y += begin;
    loss.weight = call.weight[m] != nullptr ? call.weight[m] + begin : nullptr;
    loss.value = call.values;
    loss.n_rows = static_cast<int>(n);
    std::ptrdiff_t n_present = n;
    for (std::ptrdiff_t i = 0; loss.weight != nullptr && i < n; ++i) n_present -= !(loss.weight[i] > T(0));
    if (n_present == 0) return false;
    loss.scale = n_present == 1 ? call.scale[m] : call.scale[m] / static_cast<T>(n_present);
    for (int k = 0; call.offset != nullptr && k < call.n_outputs; ++k)
        for (std::ptrdiff_t i = 0; i < n; ++i)
            call.scores[(m * call.n_outputs + k) * call.stride + i] += call.offset[k * call.offset_stride + begin + i];
    call.finite[m] = (n == 1 ? call.loss : call.loss_of_rows)(loss) && call.finite[m];
    for (std::ptrdiff_t i = 0; i < n; ++i) call.loss_sum[m] += static_cast<double>(call.values[i]);
    return true;
}

// The loss of one row after the other, as steps on a row each need it.
template <class T>
class RowLoss {
public:
    FASTGD_INLINE explicit RowLoss(const PerSampleCall<T>& call) : call_(call), loss_(call.loss_call) {
        loss_.stride = 1;
        loss_.n_rows = 1;
    }

    // From a model's scores of the i-th row to their derivatives; false for a row of weight 0, which makes no step.
    FASTGD_INLINE bool evaluate(std::ptrdiff_t i, int m, T* scores) {
        T value;
        loss_.value = &value;
        loss_.y = call_.loss_call.y + i;
        loss_.scale = call_.scale[m];
        loss_.weight = call_.weight[m] != nullptr ? call_.weight[m] + i : nullptr;
        if (call_.offset != nullptr)
            for (int k = 0; k < call_.n_outputs; ++k) scores[k] += call_.offset[k * call_.offset_stride + i];
        loss_.raw = scores;
        loss_.dloss = call_.dloss + m * call_.n_outputs;
        call_.finite[m] = call_.loss(loss_) && call_.finite[m];
        call_.loss_sum[m] += static_cast<double>(value);
        return loss_.weight == nullptr || *loss_.weight > T(0);
    }

private:
    const PerSampleCall<T>& call_;
    LossCall<T> loss_;
};

}  // namespace
}  // namespace fastgd
