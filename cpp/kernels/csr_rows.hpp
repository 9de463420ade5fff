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

// The entries j .. j + kTogether of a row that will be wanted soon, whether it has them or not.
constexpr int kTogether = 16;
template <class S>
FASTGD_INLINE void prefetch_entries(const typename S::Row& row, std::ptrdiff_t j) {
    constexpr std::ptrdiff_t kValueBytes = kTogether * std::ptrdiff_t{sizeof(typename S::Compute)};
    constexpr std::ptrdiff_t kColumnBytes = kTogether * std::ptrdiff_t{sizeof(typename S::Index)};
    const std::byte* value = reinterpret_cast<const std::byte*>(row.value + j);
    const std::byte* column = reinterpret_cast<const std::byte*>(row.column + j);
    for (std::ptrdiff_t b = 0; b < kValueBytes; b += 64) prefetch(value + b);
    for (std::ptrdiff_t b = 0; b < kColumnBytes; b += 64) prefetch(column + b);
}

// to[column] += d x over the entries, in order. Meanwhile a later row comes into cache, some entries at a time, as a
// burst of prefetches would wait for itself.
template <class S>
FASTGD_INLINE void add_row(const typename S::Row& row, typename S::Compute d, typename S::Compute* to,
                           const typename S::Row* later) {
    std::ptrdiff_t j = 0;
    for (; j + kTogether <= row.count; j += kTogether) {
        if (later != nullptr) prefetch_entries<S>(*later, j);
        const typename S::Compute* value = row.value + j;
        const typename S::Index* column = row.column + j;
        for (int i = 0; i < kTogether; ++i) to[column[i]] = scalar_fma(d, value[i], to[column[i]]);
    }
    if (later != nullptr) {
        prefetch_entries<S>(*later, j);
        prefetch(later->value + later->count - 1);
        prefetch(later->column + later->count - 1);
    }
    for (; j < row.count; ++j) to[row.column[j]] = scalar_fma(d, row.value[j], to[row.column[j]]);
}

}  // namespace
}  // namespace fastgd
