#pragma once

#include "fastgd/matrix_view.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// IEEE binary32, as it is.
struct F32 {
    using Compute = float;
    static constexpr Storage kStorage = Storage::f32;
    static constexpr int kBytes = 4;
    static FASTGD_INLINE Vec<float> load(const void* p) { return load_f32(p); }
    static FASTGD_INLINE Vec<float> load_partial(const void* p, int n) { return load_f32_partial(p, n); }
};

}  // namespace
}  // namespace fastgd
