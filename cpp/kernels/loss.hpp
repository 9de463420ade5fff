#pragma once

#include "kernels/kernel_table.hpp"
#include "losses/loss.hpp"

namespace fastgd {
namespace {

// Weights, scaling and the finite check, once for all losses. Lanes are rows.
template <class L, class T>
bool evaluate_loss(const LossCall<T>& call) {
    constexpr int lanes = kLanes<T>;
    const Vec<T> largest = set1<T>(sizeof(T) == 4 ? T(__FLT_MAX__) : T(__DBL_MAX__));
    const Vec<T> o = zero<T>();
    Mask<T> finite = le(o, o);
    for (int r = 0; r < call.n_rows; r += lanes) {
        const int n = call.n_rows - r < lanes ? call.n_rows - r : lanes;
        const Vec<T> one = set1<T>(T(1));
        const Vec<T> weight = call.weight != nullptr ? load_partial(call.weight + r, n) : one;
        const Mask<T> present = lt(o, weight);
        const Vec<T> factor = weight * set1<T>(call.scale);
        for (int k = 0; k < call.n_outputs; ++k)
            finite = finite & (le(abs(load_partial(call.raw + k * call.stride + r, n)), largest) | !present);
        Vec<T> total = o;
        if constexpr (L::kInfo.kind == LossKind::multiclass) {
            const Scores<T> scores{call.raw + r, call.dloss + r, call.stride, call.n_outputs, n, present, factor};
            L::template eval<T>(scores, load_partial(call.y + r, n), call.param, total);
        } else {
            for (int k = 0; k < call.n_outputs; ++k) {
                Vec<T> y = load_partial(call.y + k * call.y_stride + r, n);
                if constexpr (L::kInfo.kind == LossKind::binary) {
                    if (call.one_vs_rest) y = select(eq(y, set1<T>(T(k))), one, neg(one));
                }
                Vec<T> value;
                Vec<T> deriv;
                L::template eval<T>(y, load_partial(call.raw + k * call.stride + r, n), call.param, value, deriv);
                total = total + value;
                store_partial(call.dloss + k * call.stride + r, select(present, deriv * factor, o), n);
            }
        }
        store_partial(call.value + r, select(present, total * weight, o), n);
    }
    return all(finite);
}

}  // namespace
}  // namespace fastgd
