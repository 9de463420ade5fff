#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// Entry j of a row adds to chain j % kChains of its dots; the chains are added up by a fixed tree. One chain would wait
// four cycles for every entry.
constexpr int kChains = 4;

template <class T>
FASTGD_INLINE T sum_chains(const T (&chain)[kChains]) {
    return (chain[0] + chain[1]) + (chain[2] + chain[3]);
}

template <class S>
FASTGD_INLINE typename S::Row csr_row(const Rows& rows, const std::byte* at) {
    return S::row(rows.values, rows.indices, at);
}

// A row that will be wanted soon. Of a long one the processor fetches the rest by itself.
template <class S>
FASTGD_INLINE void prefetch_row(const Rows& rows, const std::byte* at) {
    using T = typename S::Compute;
    using I = typename S::Index;
    constexpr std::ptrdiff_t kMost = 8 * 64;
    const typename S::Row row = csr_row<S>(rows, at);
    const std::ptrdiff_t value_bytes = row.count * std::ptrdiff_t{sizeof(T)};
    const std::ptrdiff_t column_bytes = row.count * std::ptrdiff_t{sizeof(I)};
    const std::byte* value = reinterpret_cast<const std::byte*>(row.value);
    const std::byte* column = reinterpret_cast<const std::byte*>(row.column);
    for (std::ptrdiff_t b = 0; b < kMost && b < value_bytes; b += 64) prefetch(value + b);
    for (std::ptrdiff_t b = 0; b < kMost && b < column_bytes; b += 64) prefetch(column + b);
}

}  // namespace
}  // namespace fastgd
