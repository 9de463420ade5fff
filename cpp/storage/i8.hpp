#pragma once

#include "fastgd/matrix_view.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// Signed bytes, -128..127 as they are: no scaling.
struct I8 {
    using Compute = float;
    static constexpr Storage kStorage = Storage::i8;
    static constexpr int kBytes = 1;
    static FASTGD_INLINE Vec<float> load(const void* p) { return load_i8(p); }
    static FASTGD_INLINE Vec<float> load_partial(const void* p, int n) { return load_i8_partial(p, n); }
};

}  // namespace
}  // namespace fastgd
