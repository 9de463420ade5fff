#pragma once

#include <cstddef>
#include <cstdint>

#include "fastgd/matrix_view.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// Compressed sparse rows: the values of type T that are not 0, and their columns.
template <class T, class I>
struct Csr {
    using Compute = T;
    using Index = I;
    static constexpr Storage kStorage = sizeof(T) == 8 ? (sizeof(I) == 4 ? Storage::csr_f64_i32 : Storage::csr_f64_i64)
                                                       : (sizeof(I) == 4 ? Storage::csr_f32_i32 : Storage::csr_f32_i64);

    struct Row {
        const T* value;
        const I* column;
        std::ptrdiff_t count;
    };
    // The row whose offset stands at `at`.
    static FASTGD_INLINE Row row(const void* values, const void* indices, const std::byte* at) {
        const I* offset = reinterpret_cast<const I*>(at);
        return {static_cast<const T*>(values) + offset[0], static_cast<const I*>(indices) + offset[0],
                static_cast<std::ptrdiff_t>(offset[1] - offset[0])};
    }
};

}  // namespace
}  // namespace fastgd
