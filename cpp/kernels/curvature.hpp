#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/loss.hpp"
#include "losses/loss.hpp"

namespace fastgd {
namespace {

// Weights, scaling and the finite check, once for all losses, as for the losses themselves. Lanes are rows.
template <class L, class T>
FASTGD_INLINE Mask<T> curve_rows(const CurvatureCall<T>& call, int r, SomeRows<T> lanes) {
    const LossCall<T>& loss = call.loss;
    const Vec<T> largest = set1<T>(sizeof(T) == 4 ? T(__FLT_MAX__) : T(__DBL_MAX__));
    const Vec<T> o = zero<T>();
    const Vec<T> one = set1<T>(T(1));
    const Vec<T> weight = loss.weight != nullptr ? lanes.load(loss.weight + r) : one;
    const Mask<T> present = lt(o, weight);
    const Vec<T> factor = weight * set1<T>(loss.scale);
    Mask<T> finite = le(o, o);
    for (int k = 0; k < loss.n_outputs; ++k) {
        const std::ptrdiff_t at = k * loss.stride + r;
        finite = finite & (le(abs(lanes.load(loss.raw + at)), largest) | !present);
        finite = finite & (le(abs(lanes.load(call.direction + at)), largest) | !present);
    }
    if constexpr (L::kInfo.curvature == 0.0) {
        for (int k = 0; k < loss.n_outputs; ++k) lanes.store(loss.dloss + k * loss.stride + r, o);
    } else if constexpr (L::kInfo.kind == LossKind::multiclass) {
        const DirectedScores<T, SomeRows<T>> scores{
            {loss.raw + r, loss.dloss + r, loss.stride, loss.n_outputs, lanes, present, factor}, call.direction + r};
        L::template hessian_product<T>(scores, lanes.load(loss.y + r), loss.param);
    } else {
        for (int k = 0; k < loss.n_outputs; ++k) {
            const std::ptrdiff_t at = k * loss.stride + r;
            Vec<T> y = lanes.load(loss.y + k * loss.y_stride + r);
            if constexpr (L::kInfo.kind == LossKind::binary) {
                if (loss.one_vs_rest) y = select(eq(y, set1<T>(T(k))), one, neg(one));
            }
            const Vec<T> product =
                L::template second<T>(y, lanes.load(loss.raw + at), loss.param) * lanes.load(call.direction + at);
            lanes.store(loss.dloss + at, select(present, product * factor, o));
        }
    }
    return finite;
}

template <class L, class T>
bool curve_loss(const CurvatureCall<T>& call) {
    const Vec<T> o = zero<T>();
    Mask<T> finite = le(o, o);
    for (int r = 0; r < call.loss.n_rows; r += kLanes<T>) {
        const int n = call.loss.n_rows - r < kLanes<T> ? call.loss.n_rows - r : kLanes<T>;
        finite = finite & curve_rows<L>(call, r, SomeRows<T>{n});
    }
    return all(finite);
}

}  // namespace
}  // namespace fastgd
