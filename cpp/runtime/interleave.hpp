#pragma once

#include <cstdint>

namespace fastgd {

template <int N, class E>
void interleave_group(const E* const* columns, std::int64_t n_rows, std::int64_t n_cols, E* out) {
    const E* column[N];
    for (int j = 0; j < N; ++j) column[j] = columns[j];
    for (std::int64_t i = 0; i < n_rows; ++i) {
        E together[N];
        for (int j = 0; j < N; ++j) together[j] = column[j][i];
        for (int j = 0; j < N; ++j) out[i * n_cols + j] = together[j];
    }
}

// out[i * n_cols + j] = columns[j][i]: some rows of a table that is stored by columns, as many as a cache holds.
// Several columns at once, as a store for each element would come back to the same line of a row again and again.
template <class E>
void interleave(const E* const* columns, std::int64_t n_rows, std::int64_t n_cols, E* out) {
    constexpr int kTogether = 8;
    std::int64_t j = 0;
    for (; j + kTogether <= n_cols; j += kTogether) interleave_group<kTogether>(columns + j, n_rows, n_cols, out + j);
    for (; j < n_cols; ++j) interleave_group<1>(columns + j, n_rows, n_cols, out + j);
}

}  // namespace fastgd
