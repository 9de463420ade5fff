#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "fastgd/mlp_network.hpp"
#include "objectives/mlp_shape.hpp"
#include "objectives/parameters.hpp"

namespace fastgd {

// Throws std::invalid_argument for sizes that are no network's.
void check_network(const MlpNetwork& network);

// One model's parameters, padded.
template <class T>
Parameters<T> to_parameters(const MlpShape<T>& shape, std::span<const double> w) {
    if (std::ssize(w) != shape.n_params())
        throw std::invalid_argument("w must have " + std::to_string(shape.n_params()) + " elements, got " +
                                    std::to_string(w.size()));
    Parameters<T> params(1, 1, shape.size(), false);
    shape.set(w.data(), params.coef_row(0));
    return params;
}

}  // namespace fastgd
