#pragma once

#include "fastgd/matrix_view.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// The upper half of a binary32; widening is exact.
struct Bf16 {
    using Compute = float;
    static constexpr Storage kStorage = Storage::bf16;
    static constexpr int kBytes = 2;
    static FASTGD_INLINE Vec<float> load(const void* p) { return load_bf16(p); }
    static FASTGD_INLINE Vec<float> load_partial(const void* p, int n) { return load_bf16_partial(p, n); }
};

}  // namespace
}  // namespace fastgd
