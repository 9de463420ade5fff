#pragma once

#include "fastgd/matrix_view.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// Unsigned bytes, 0..255 as they are: no scaling.
struct U8 {
    using Compute = float;
    static constexpr Storage kStorage = Storage::u8;
    static constexpr int kBytes = 1;
    static FASTGD_INLINE Vec<float> load(const void* p) { return load_u8(p); }
    static FASTGD_INLINE Vec<float> load_partial(const void* p, int n) { return load_u8_partial(p, n); }
};

}  // namespace
}  // namespace fastgd
