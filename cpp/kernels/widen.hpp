#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

template <class S>
void widen(const WidenCall<typename S::Compute>& call) {
    using T = typename S::Compute;
    for (std::ptrdiff_t r = 0; r < call.rows.count; ++r) {
        const std::byte* row = call.rows.row[r];
        T* out = call.out + r * call.out_stride - call.columns.begin;
        std::ptrdiff_t c = call.columns.begin;
        for (; c + kLanes<T> <= call.columns.end; c += kLanes<T>) store(out + c, S::load(row + c * S::kBytes));
        if (c < call.columns.end) {
            const int left = static_cast<int>(call.columns.end - c);
            store_partial(out + c, S::load_partial(row + c * S::kBytes, left), left);
        }
    }
}

}  // namespace
}  // namespace fastgd
