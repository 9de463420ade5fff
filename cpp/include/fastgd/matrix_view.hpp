#pragma once

#include <cstddef>
#include <cstdint>

namespace fastgd {

// How the elements of a data matrix are stored: dense, or in compressed sparse rows (CSR) with indices of 32 or 64
// bits. float64 is computed in float64, every other type in float32.
enum class Storage : std::uint8_t {
    f64,
    f32,
    f16,
    bf16,
    u8,
    i8,
    csr_f64_i32,
    csr_f64_i64,
    csr_f32_i32,
    csr_f32_i64,
};
inline constexpr int kStorages = 10;
// The first of them.
inline constexpr int kDenseStorages = 6;

// A matrix that somebody else owns. Dense: C order, any row stride in bytes (also negative), any alignment. CSR: `data`
// are the n_rows + 1 offsets of the rows' entries in `values` and `indices`, and row_stride is the size of an index.
// Entries of a row may stand in any order; those of the same column add up.
struct MatrixView {
    const void* data = nullptr;
    std::int64_t n_rows = 0;
    std::int64_t n_cols = 0;
    std::int64_t row_stride = 0;
    Storage storage = Storage::f32;
    const void* values = nullptr;
    const void* indices = nullptr;
};

constexpr bool is_sparse(Storage storage) { return storage >= Storage::csr_f64_i32; }

constexpr bool computes_in_double(Storage storage) {
    return storage == Storage::f64 || storage == Storage::csr_f64_i32 || storage == Storage::csr_f64_i64;
}

// Of a column index; 0 for dense storages.
constexpr std::int64_t index_size(Storage storage) {
    switch (storage) {
        case Storage::csr_f64_i32:
        case Storage::csr_f32_i32: return 4;
        case Storage::csr_f64_i64:
        case Storage::csr_f32_i64: return 8;
        default: return 0;
    }
}

// Of a value.
constexpr std::int64_t element_size(Storage storage) {
    switch (storage) {
        case Storage::f64:
        case Storage::csr_f64_i32:
        case Storage::csr_f64_i64: return 8;
        case Storage::f32:
        case Storage::csr_f32_i32:
        case Storage::csr_f32_i64: return 4;
        case Storage::f16:
        case Storage::bf16: return 2;
        case Storage::u8:
        case Storage::i8: return 1;
    }
    return 0;
}

}  // namespace fastgd
