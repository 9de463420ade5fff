#pragma once

#include <algorithm>

#include "objectives/parameters.hpp"
#include "objectives/row_block.hpp"
#include "runtime/aligned_buffer.hpp"

namespace fastgd {

// How many rows go through forward, loss and backward at once. Any number gives the same bits; this one keeps the rows
// in L1 where there is little arithmetic on them, and in L2 where there is much.
inline std::ptrdiff_t rows_at_once(std::ptrdiff_t row_bytes, std::ptrdiff_t n_scores) {
    const std::ptrdiff_t cache = n_scores < 4 ? 16 * 1024 : 128 * 1024;
    const std::ptrdiff_t by_rows = cache / std::max<std::ptrdiff_t>(row_bytes, 1);
    const std::ptrdiff_t by_scores = 16 * 1024 / n_scores;
    const std::ptrdiff_t rows = std::clamp<std::ptrdiff_t>(std::min(by_rows, by_scores), kRowTile, 256);
    return rows / kRowTile * kRowTile;
}

// The scores of some rows, one line an output of a model, and what the loss makes of them.
template <class T>
struct ScoreBlock {
    std::ptrdiff_t stride;
    AlignedBuffer<T> raw;
    AlignedBuffer<T> dloss;
    AlignedBuffer<T> value;

    ScoreBlock(std::ptrdiff_t n_scores, std::ptrdiff_t n_rows)
        : stride(round_up(n_rows, kLaneAlign)),
          raw(static_cast<std::size_t>(n_scores * stride)),
          dloss(static_cast<std::size_t>(n_scores * stride)),
          value(static_cast<std::size_t>(stride)) {}

    void start(const Parameters<T>& parameters, std::ptrdiff_t count) {
        for (std::ptrdiff_t s = 0; s < parameters.n_scores(); ++s)
            std::fill_n(raw.data() + s * stride, round_up(count, kRowTile), parameters.bias(s));
    }

    // From raw scores to loss derivatives, model by model; adds the values to loss_sum and clears `finite` (one a model)
    // where these are given.
    void apply_loss(const LinearProblem<T>& problem, const RowBlock<T>& block, std::ptrdiff_t first,
                    std::ptrdiff_t count, int n_models, T scale, double* loss_sum, bool* finite) {
        if (const T* offset = block.offset(first); offset != nullptr) {
            for (int m = 0; m < n_models; ++m)
                for (int k = 0; k < problem.n_outputs; ++k)
                    for (std::ptrdiff_t r = 0; r < count; ++r)
                        raw[static_cast<std::size_t>((m * problem.n_outputs + k) * stride + r)] += offset[k * block.stride() + r];
        }
        LossCall<T> call = problem.loss_call(scale);
        block.describe(call, first, count);
        call.stride = stride;
        call.value = value.data();
        for (int m = 0; m < n_models; ++m) {
            call.raw = raw.data() + m * problem.n_outputs * stride;
            call.dloss = dloss.data() + m * problem.n_outputs * stride;
            const bool all_finite = problem.loss(call);
            if (loss_sum == nullptr) continue;
            finite[m] = all_finite && finite[m];
            double sum = loss_sum[m];
            for (std::ptrdiff_t r = 0; r < count; ++r) sum += static_cast<double>(value[static_cast<std::size_t>(r)]);
            loss_sum[m] = sum;
        }
    }

    // The intercepts' gradients: the sum of the derivatives, in row order.
    void add_intercepts(Parameters<T>& grad, std::ptrdiff_t count) const {
        for (std::ptrdiff_t s = 0; s < grad.n_scores(); ++s) {
            T sum = grad.bias(s);
            for (std::ptrdiff_t r = 0; r < count; ++r) sum += dloss[static_cast<std::size_t>(s * stride + r)];
            grad.bias(s) = sum;
        }
    }
};

}  // namespace fastgd
