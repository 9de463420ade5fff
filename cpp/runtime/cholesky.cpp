#include "runtime/cholesky.hpp"

#include <cmath>

#include "runtime/dot.hpp"

namespace fastgd {

std::optional<Cholesky> Cholesky::of(std::vector<double> matrix, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        double* row = matrix.data() + i * n;
        for (std::size_t j = 0; j < i; ++j) {
            const double* other = matrix.data() + j * n;
            row[j] = (row[j] - dot({row, j}, {other, j})) / other[j];
        }
        const double pivot = row[i] - dot({row, i}, {row, i});
        if (!(pivot > 0.0) || !std::isfinite(pivot)) return std::nullopt;
        row[i] = std::sqrt(pivot);
    }
    return Cholesky(std::move(matrix), n);
}

void Cholesky::solve(std::span<double> x) const {
    for (std::size_t i = 0; i < n_; ++i) {
        const double* row = lower_.data() + i * n_;
        x[i] = (x[i] - dot({row, i}, {x.data(), i})) / row[i];
    }
    for (std::size_t i = n_; i-- > 0;) {
        const double* row = lower_.data() + i * n_;
        x[i] /= row[i];
        for (std::size_t j = 0; j < i; ++j) x[j] -= x[i] * row[j];
    }
}

}  // namespace fastgd
