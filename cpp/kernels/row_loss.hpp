#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

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
