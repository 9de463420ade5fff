#pragma once

#include <cstddef>
#include <span>

namespace fastgd {

// Eight sums, then a tree over them: one order for every machine, and lanes for vectors of two, four or eight.
inline double dot(std::span<const double> u, std::span<const double> v) {
    constexpr std::size_t lanes = 8;
    double sums[lanes] = {};
    const std::size_t whole = u.size() / lanes * lanes;
    for (std::size_t i = 0; i < whole; i += lanes)
        for (std::size_t k = 0; k < lanes; ++k) sums[k] += u[i + k] * v[i + k];
    for (std::size_t i = whole; i < u.size(); ++i) sums[i - whole] += u[i] * v[i];
    for (std::size_t half = lanes / 2; half > 0; half /= 2)
        for (std::size_t k = 0; k < half; ++k) sums[k] += sums[k + half];
    return sums[0];
}

}  // namespace fastgd
