#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

template <class T>
std::ptrdiff_t screen(const ScreenCall<T>& call) {
    constexpr int lanes = kLanes<T>;
    std::ptrdiff_t n_hits = 0;
    for (std::ptrdiff_t r = 0; r < call.n_rows; ++r) {
        T* dot = call.dot + r * call.stride;
        const Vec<T> term = set1<T>(call.row_term[r]);
        for (std::ptrdiff_t u = 0; u < call.n_units; u += lanes) {
            const Vec<T> low = term - load(dot + u);
            // What is not a number is above nothing.
            if (all(lt(load(call.limit + u), low))) continue;
            store(dot + u, low);
            call.hits[n_hits++] = static_cast<std::int32_t>(r * call.n_units + u);
        }
    }
    return n_hits;
}

}  // namespace
}  // namespace fastgd
