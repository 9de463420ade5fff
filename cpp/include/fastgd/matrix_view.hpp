#pragma once

#include <cstddef>
#include <cstdint>

namespace fastgd {

// How the elements of a data matrix are stored. float64 is computed in float64, every other type in float32.
enum class Storage : std::uint8_t { f64, f32, f16, bf16, u8, i8 };
inline constexpr int kStorages = 6;

// A dense matrix that somebody else owns: C order, any row stride in bytes (also negative), any alignment.
struct MatrixView {
    const void* data = nullptr;
    std::int64_t n_rows = 0;
    std::int64_t n_cols = 0;
    std::int64_t row_stride = 0;
    Storage storage = Storage::f32;
};

constexpr std::int64_t element_size(Storage storage) {
    switch (storage) {
        case Storage::f64: return 8;
        case Storage::f32: return 4;
        case Storage::f16:
        case Storage::bf16: return 2;
        case Storage::u8:
        case Storage::i8: return 1;
    }
    return 0;
}

}  // namespace fastgd
