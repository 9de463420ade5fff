#pragma once

#include "kernels/kernel_table.hpp"
#include "losses/loss.hpp"

namespace fastgd {
namespace {

// Up to a vector of rows.
template <class T>
struct SomeRows {
    static constexpr bool kOne = false;
    int n;
    FASTGD_INLINE Vec<T> load(const T* p) const { return load_partial(p, n); }
    FASTGD_INLINE void store(T* p, Vec<T> v) const { store_partial(p, v, n); }
};

// A single row, in all lanes alike: a masked access of 64 bytes would wait for the 4 written just before it.
template <class T>
struct OneRow {
    static constexpr bool kOne = true;
    FASTGD_INLINE Vec<T> load(const T* p) const { return set1<T>(*p); }
    FASTGD_INLINE void store(T* p, Vec<T> v) const { *p = first_lane(v); }
};

// Weights, scaling and the finite check, once for all losses. Lanes are rows.
template <class L, class T, class Lanes>
FASTGD_INLINE Mask<T> evaluate_rows(const LossCall<T>& call, int r, Lanes lanes) {
    const Vec<T> largest = set1<T>(sizeof(T) == 4 ? T(__FLT_MAX__) : T(__DBL_MAX__));
    const Vec<T> o = zero<T>();
    const Vec<T> one = set1<T>(T(1));
    const Vec<T> weight = call.weight != nullptr ? lanes.load(call.weight + r) : one;
    const Mask<T> present = lt(o, weight);
    const Vec<T> factor = weight * set1<T>(call.scale);
    Mask<T> finite = le(o, o);
    for (int k = 0; k < call.n_outputs; ++k)
        finite = finite & (le(abs(lanes.load(call.raw + k * call.stride + r)), largest) | !present);
    Vec<T> total = o;
    if constexpr (L::kInfo.kind == LossKind::multiclass) {
        const Scores<T, Lanes> scores{call.raw + r, call.dloss + r, call.stride, call.n_outputs,
                                      lanes,        present,        factor};
        L::template eval<T>(scores, lanes.load(call.y + r), call.param, total);
    } else {
        for (int k = 0; k < call.n_outputs; ++k) {
            Vec<T> y = lanes.load(call.y + k * call.y_stride + r);
            if constexpr (L::kInfo.kind == LossKind::binary) {
                if (call.one_vs_rest) y = select(eq(y, set1<T>(T(k))), one, neg(one));
            }
            Vec<T> value;
            Vec<T> deriv;
            L::template eval<T>(y, lanes.load(call.raw + k * call.stride + r), call.param, value, deriv);
            total = total + value;
            lanes.store(call.dloss + k * call.stride + r, select(present, deriv * factor, o));
        }
    }
    lanes.store(call.value + r, select(present, total * weight, o));
    return finite;
}

template <class L, class T>
bool evaluate_loss(const LossCall<T>& call) {
    const Vec<T> o = zero<T>();
    Mask<T> finite = le(o, o);
    for (int r = 0; r < call.n_rows; r += kLanes<T>) {
        const int n = call.n_rows - r < kLanes<T> ? call.n_rows - r : kLanes<T>;
        finite = finite & evaluate_rows<L>(call, r, SomeRows<T>{n});
    }
    return all(finite);
}

// The same for call.n_rows == 1, with the same bits.
template <class L, class T>
bool evaluate_loss_of_row(const LossCall<T>& call) {
    return all(evaluate_rows<L>(call, 0, OneRow<T>{}));
}

}  // namespace
}  // namespace fastgd
