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

// Up to a vector of rows of a call: their weights, and which of them count.
template <class T, class Lanes>
struct LossRows {
    const LossCall<T>& call;
    int first;
    Lanes lanes;
    Vec<T> weight;
    Mask<T> present;
    Vec<T> factor;

    FASTGD_INLINE LossRows(const LossCall<T>& of, int r, Lanes some)
        : call(of),
          first(r),
          lanes(some),
          weight(of.weight != nullptr ? some.load(of.weight + r) : set1<T>(T(1))),
          present(lt(zero<T>(), weight)),
          factor(weight * set1<T>(of.scale)) {}

    FASTGD_INLINE std::ptrdiff_t at(int k) const { return k * call.stride + first; }
    // Whether what stands at output k is finite, in the rows that count.
    FASTGD_INLINE Mask<T> is_finite(const T* values, int k) const {
        const Vec<T> largest = set1<T>(sizeof(T) == 4 ? T(__FLT_MAX__) : T(__DBL_MAX__));
        return le(abs(lanes.load(values + at(k))), largest) | !present;
    }
    template <class L>
    FASTGD_INLINE Vec<T> target(int k) const {
        const Vec<T> y = lanes.load(call.y + k * call.y_stride + first);
        if constexpr (L::kInfo.kind == LossKind::binary) {
            const Vec<T> one = set1<T>(T(1));
            if (call.one_vs_rest) return select(eq(y, set1<T>(T(k))), one, neg(one));
        }
        return y;
    }
    // A row of weight 0 is absent: blended, because 0 * inf would be NaN.
    FASTGD_INLINE void set_dloss(int k, Vec<T> value) const {
        lanes.store(call.dloss + at(k), select(present, value * factor, zero<T>()));
    }
    FASTGD_INLINE Scores<T, Lanes> scores() const {
        return {call.raw + first, call.dloss + first, call.stride, call.n_outputs, lanes, present, factor};
    }
};

// Weights, scaling and the finite check, once for all losses.
template <class L, class T, class Lanes>
FASTGD_INLINE Mask<T> evaluate_rows(const LossCall<T>& call, int r, Lanes lanes) {
    const LossRows<T, Lanes> rows(call, r, lanes);
    const Vec<T> o = zero<T>();
    Mask<T> finite = le(o, o);
    for (int k = 0; k < call.n_outputs; ++k) finite = finite & rows.is_finite(call.raw, k);
    Vec<T> total = o;
    if constexpr (L::kInfo.kind == LossKind::multiclass) {
        L::template eval<T>(rows.scores(), lanes.load(call.y + r), call.param, total);
    } else {
        for (int k = 0; k < call.n_outputs; ++k) {
            Vec<T> value;
            Vec<T> deriv;
            const Vec<T> y = rows.template target<L>(k);
            L::template eval<T>(y, lanes.load(call.raw + rows.at(k)), call.param, value, deriv);
            total = total + value;
            rows.set_dloss(k, deriv);
        }
    }
    // Terms beyond the type may leave NaN, or less than nothing: infinite, by which a run is seen to diverge.
    const Vec<T> value = total * rows.weight;
    const Vec<T> bounded = select(lt(neg(infinity<T>()), value), value, infinity<T>());
    lanes.store(call.value + r, select(rows.present, bounded, o));
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
