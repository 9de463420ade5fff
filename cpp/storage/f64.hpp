#pragma once

#include "fastgd/matrix_view.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// IEEE binary64, the one storage that is computed in double.
struct F64 {
    using Compute = double;
    static constexpr Storage kStorage = Storage::f64;
    static constexpr int kBytes = 8;
    static FASTGD_INLINE Vec<double> load(const void* p) { return load_f64(p); }
    static FASTGD_INLINE Vec<double> load_partial(const void* p, int n) { return load_f64_partial(p, n); }
};

}  // namespace
}  // namespace fastgd
