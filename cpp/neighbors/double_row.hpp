#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "fastgd/matrix_view.hpp"
#include "kernels/kernel_table.hpp"
#include "runtime/dispatch.hpp"

namespace fastgd {

// Of a sparse matrix: where a row's entries begin, and how many there are.
inline std::int64_t offset_at(const MatrixView& X, std::int64_t row) {
    return index_size(X.storage) == 4 ? static_cast<const std::int32_t*>(X.data)[row]
                                      : static_cast<const std::int64_t*>(X.data)[row];
}
inline std::int64_t n_entries(const MatrixView& X) { return offset_at(X, X.n_rows); }

// One row of a matrix at a time as doubles, whatever it is stored as.
class DoubleRow {
public:
    explicit DoubleRow(const MatrixView& X) : X_(X), values_(static_cast<std::size_t>(X.n_cols)) {
        if (sparse()) {
            gross_.resize(values_.size());
            listed_.resize(values_.size());
        } else if (!computes_in_double(X.storage)) {
            narrow_.resize(values_.size());
        }
    }

    bool sparse() const { return is_sparse(X_.storage); }
    const std::byte* at(std::int64_t row) const { return static_cast<const std::byte*>(X_.data) + row * X_.row_stride; }

    void read(std::int64_t row) {
        switch (X_.storage) {
            case Storage::csr_f64_i32: return add_entries<double, std::int32_t>(row);
            case Storage::csr_f64_i64: return add_entries<double, std::int64_t>(row);
            case Storage::csr_f32_i32: return add_entries<float, std::int32_t>(row);
            case Storage::csr_f32_i64: return add_entries<float, std::int64_t>(row);
            case Storage::f64: return widen(kernels().f64, row, values_.data());
            default:
                widen(kernels().f32, row, narrow_.data());
                std::copy(narrow_.begin(), narrow_.end(), values_.begin());
        }
    }

    // All columns; entries of the same column of a sparse row are added up.
    const std::vector<double>& values() const { return values_; }
    // Of a sparse row: the columns that have entries, each once, and the sum of the magnitudes of those of one.
    const std::vector<std::int64_t>& columns() const { return columns_; }
    double gross(std::int64_t column) const { return gross_[static_cast<std::size_t>(column)]; }
    bool lists(std::int64_t column) const { return listed_[static_cast<std::size_t>(column)] != 0; }

    bool finite() const {
        return std::all_of(values_.begin(), values_.end(), [](double x) { return std::isfinite(x); });
    }

private:
    template <class T>
    void widen(const Kernels<T>& kernels, std::int64_t row, T* out) {
        const std::byte* rows[kRowTile] = {at(row), at(row), at(row), at(row)};
        kernels.storage[static_cast<int>(X_.storage)].widen({{rows, 1}, {0, X_.n_cols}, out, X_.n_cols});
    }

    template <class T, class I>
    void add_entries(std::int64_t row) {
        for (const std::int64_t column : columns_) {
            const auto j = static_cast<std::size_t>(column);
            values_[j] = gross_[j] = 0.0;
            listed_[j] = 0;
        }
        columns_.clear();
        const I* offsets = static_cast<const I*>(X_.data) + row;
        for (I e = offsets[0]; e < offsets[1]; ++e) {
            const auto j = static_cast<std::size_t>(static_cast<const I*>(X_.indices)[e]);
            const auto value = static_cast<double>(static_cast<const T*>(X_.values)[e]);
            if (listed_[j] == 0) columns_.push_back(static_cast<std::int64_t>(j));
            listed_[j] = 1;
            values_[j] += value;
            gross_[j] += std::fabs(value);
        }
    }

    MatrixView X_;
    std::vector<double> values_;
    std::vector<float> narrow_;
    std::vector<double> gross_;
    std::vector<char> listed_;
    std::vector<std::int64_t> columns_;
};

// Of n numbers, by eight sums and a tree over them: one order for every machine, and lanes for vectors of two or more.
template <class Term>
double sum_in_lanes(std::size_t n, Term&& term) {
    constexpr std::size_t lanes = 8;
    double sums[lanes] = {};
    const std::size_t whole = n / lanes * lanes;
    for (std::size_t i = 0; i < whole; i += lanes)
        for (std::size_t k = 0; k < lanes; ++k) sums[k] += term(i + k);
    for (std::size_t i = whole; i < n; ++i) sums[i - whole] += term(i);
    for (std::size_t half = lanes / 2; half > 0; half /= 2)
        for (std::size_t k = 0; k < half; ++k) sums[k] += sums[k + half];
    return sums[0];
}

// The square of the distance as a sum of squared differences, with at most n_cols + 2 roundings of each of its terms.
inline double squared_distance(const DoubleRow& x, const DoubleRow& z) {
    const double* u = x.values().data();
    const double* v = z.values().data();
    if (!x.sparse() || !z.sparse())
        return sum_in_lanes(x.values().size(), [u, v](std::size_t j) { return (u[j] - v[j]) * (u[j] - v[j]); });
    double sum = 0.0;
    for (const std::int64_t j : x.columns()) sum += (u[j] - v[j]) * (u[j] - v[j]);
    for (const std::int64_t j : z.columns())
        if (!x.lists(j)) sum += v[j] * v[j];
    return sum;
}

}  // namespace fastgd
