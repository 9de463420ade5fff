#pragma once

#include "kernels/kernel_table.hpp"
#include "kernels/loss.hpp"
#include "losses/loss.hpp"

namespace fastgd {
namespace {

// As evaluate_rows, with the loss's second derivative along a direction in the place of its first.
template <class L, class T>
FASTGD_INLINE Mask<T> curve_rows(const CurvatureCall<T>& call, int r, SomeRows<T> lanes) {
    const LossCall<T>& loss = call.loss;
    const LossRows<T, SomeRows<T>> rows(loss, r, lanes);
    Mask<T> finite = le(zero<T>(), zero<T>());
    for (int k = 0; k < loss.n_outputs; ++k)
        finite = finite & rows.is_finite(loss.raw, k) & rows.is_finite(call.direction, k);
    if constexpr (L::kInfo.curvature == 0.0) {
        for (int k = 0; k < loss.n_outputs; ++k) lanes.store(loss.dloss + rows.at(k), zero<T>());
    } else if constexpr (L::kInfo.kind == LossKind::multiclass) {
        const DirectedScores<T, SomeRows<T>> scores{rows.scores(), call.direction + r};
        L::template hessian_product<T>(scores, lanes.load(loss.y + r), loss.param);
    } else {
        for (int k = 0; k < loss.n_outputs; ++k) {
            const Vec<T> raw = lanes.load(loss.raw + rows.at(k));
            const Vec<T> second = L::template second<T>(rows.template target<L>(k), raw, loss.param);
            rows.set_dloss(k, second * lanes.load(call.direction + rows.at(k)));
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
