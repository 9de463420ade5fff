#pragma once

#include "fastgd/matrix_view.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// IEEE binary16; widening is exact.
struct F16 {
    using Compute = float;
    static constexpr Storage kStorage = Storage::f16;
    static constexpr int kBytes = 2;
    static FASTGD_INLINE Vec<float> load(const void* p) { return load_f16(p); }
    static FASTGD_INLINE Vec<float> load_partial(const void* p, int n) { return load_f16_partial(p, n); }
};

}  // namespace
}  // namespace fastgd
