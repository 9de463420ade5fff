#pragma once

#include "kernels/kernel_table.hpp"
#include "penalties/l1.hpp"
#include "penalties/l2.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// gradient of the smooth penalty, the optimiser's step, the proximal step: every optimiser in one loop. Rows of
// parameters are padded to whole vectors, so there is no tail.
template <class Optimizer, class T>
void update(const UpdateCall<T>& call) {
    const Optimizer optimizer(call.lr, call.hyper, call.step);
    const Vec<T> l2 = set1<T>(call.l2);
    const Vec<T> threshold = set1<T>(call.lr * call.l1);
    for (std::ptrdiff_t i = 0; i < call.n; i += kLanes<T>) {
        Vec<T> w = load(call.param + i);
        Vec<T> g = load(call.grad + i);
        if (call.l2 != T(0)) g = L2::gradient(w, g, l2);
        w = optimizer.step(w, g, call.state, i);
        if (call.l1 != T(0)) w = L1::proximal(w, threshold);
        store(call.param + i, w);
        store(call.grad + i, zero<T>());
    }
}

}  // namespace
}  // namespace fastgd
