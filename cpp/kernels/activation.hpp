#pragma once

#include "activations/activation.hpp"
#include "kernels/kernel_table.hpp"

namespace fastgd {
namespace {

template <class A, class T>
bool activate(const ActivationCall<T>& call) {
    const Vec<T> largest = set1<T>(sizeof(T) == 4 ? T(__FLT_MAX__) : T(__DBL_MAX__));
    Mask<T> finite = le(zero<T>(), largest);
    for (std::ptrdiff_t r = 0; r < call.n_rows; ++r) {
        T* row = call.value + r * call.stride;
        for (std::ptrdiff_t u = call.first; u < call.last; u += kLanes<T>) {
            const Vec<T> z = load(row + u);
            finite = finite & le(abs(z), largest);
            Vec<T> value;
            Vec<T> slope;
            A::template eval<T>(z, value, slope);
            store(row + u, value);
            if (call.slope != nullptr) store(call.slope + r * call.stride + u, slope);
        }
    }
    return all(finite);
}

}  // namespace
}  // namespace fastgd
