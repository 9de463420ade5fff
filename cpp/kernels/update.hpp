#pragma once

#include "kernels/kernel_table.hpp"
#include "optimizers/optimizer.hpp"
#include "penalties/l1.hpp"
#include "penalties/l2.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// The gradient as the optimiser sees it: with the smooth penalty's, and clipped, first by value, then by norm.
template <class T>
FASTGD_INLINE Vec<T> whole_gradient(const UpdateCall<T>& call, Vec<T> w, Vec<T> g) {
    if (call.l2 != T(0)) g = L2::gradient(w, g, set1<T>(call.l2));
    if (call.slope != T(0)) g = g + set1<T>(call.slope);
    if (call.clip_value != T(0)) g = max(min(g, set1<T>(call.clip_value)), set1<T>(-call.clip_value));
    if (call.clip_factor != T(1)) g = g * set1<T>(call.clip_factor);
    return g;
}

template <class Optimizer, class T>
FASTGD_INLINE Vec<T> corrected(const Optimizer& optimizer, Vec<T> g, T* const* state, std::ptrdiff_t i) {
    if constexpr (requires { optimizer.correct(g, state, i); }) g = optimizer.correct(g, state, i);
    return g;
}

// gradient of the smooth penalty, the optimiser's step, the proximal step: every optimiser in one loop. Rows of
// parameters are padded to whole vectors, so there is no tail.
template <class Optimizer, class T>
void update(const UpdateCall<T>& call) {
    const Optimizer optimizer(StepContext<T>{call.coef, call.weights, call.l1});
    const bool proximal = call.l1 != T(0) && Optimizer::kInfo.l1 == L1Step::proximal;
    for (std::ptrdiff_t i = 0; i < call.n; i += kLanes<T>) {
        Vec<T> w = load(call.param + i);
        const Vec<T> g = whole_gradient(call, w, corrected(optimizer, load(call.grad + i), call.state, i));
        Vec<T> rate = zero<T>();
        w = optimizer.step(w, g, call.state, i, rate);
        if (proximal) w = L1::proximal(w, rate * set1<T>(call.l1));
        if constexpr (requires { optimizer.after(w, call.state, i); }) optimizer.after(w, call.state, i);
        store(call.param + i, w);
        store(call.grad + i, zero<T>());
    }
}

// Adds to sums[0] the square of the gradient before it is clipped by norm, and to those behind it the optimiser's own
// over all parameters, from gradients that are clipped. In the compute type over a panel, then in double, in order.
template <class Optimizer, class T>
void measure(const UpdateCall<T>& call, bool norm, double* sums) {
    const Optimizer optimizer(StepContext<T>{call.coef, call.weights, call.l1});
    for (std::ptrdiff_t begin = 0; begin < call.n; begin += kPanel) {
        const std::ptrdiff_t end = begin + kPanel < call.n ? begin + kPanel : call.n;
        Vec<T> panel[kMaxSums] = {zero<T>(), zero<T>()};
        for (std::ptrdiff_t i = begin; i < end; i += kLanes<T>) {
            const Vec<T> w = load(call.param + i);
            const Vec<T> g = whole_gradient(call, w, load(call.grad + i));
            if (norm) {
                panel[0] = fma(g, g, panel[0]);
            } else if constexpr (requires { optimizer.measure(w, g, call.state, i, panel); }) {
                optimizer.measure(w, g, call.state, i, panel);
            }
        }
        for (int k = 0; k < kMaxSums; ++k) sums[k] += static_cast<double>(reduce_add(panel[k]));
    }
}

// out = what the optimiser reports
template <class Optimizer, class T>
void solution(const UpdateCall<T>& call, T* out) {
    for (std::ptrdiff_t i = 0; i < call.n; i += kLanes<T>) {
        Vec<T> w = load(call.param + i);
        if constexpr (requires { Optimizer::solution(w, call.state, i); }) w = Optimizer::solution(w, call.state, i);
        store(out + i, w);
    }
}

}  // namespace
}  // namespace fastgd
