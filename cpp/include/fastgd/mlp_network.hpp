#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fastgd/matrix_view.hpp"

namespace fastgd {

// A multi-layer perceptron without data.
struct MlpNetwork {
    // The number of features, of the units of each hidden layer, and of outputs.
    std::vector<std::int64_t> sizes;
    std::string activation;
};

// Random parameters to start from, as MlpObjective takes them: weights are uniform, of the size that He et al. 2015
// ("he") or Glorot and Bengio 2010 ("glorot") give each hidden layer, or the one of them that suits the activation
// (""), and Glorot's for the head; intercepts are 0. Throws std::invalid_argument for another method.
std::vector<double> mlp_initial(const MlpNetwork& network, std::uint64_t seed, const std::string& method = "",
                                const std::function<void()>& poll = {});

// Raw scores of flat parameters on any rows, n_rows x n_outputs in the compute type of X. Throws NonFiniteError where
// one is not finite, or a hidden unit before its activation. `poll` is as in LinearObjective::value.
void mlp_scores(const MatrixView& X, const MlpNetwork& network, std::span<const double> params, void* out,
                int n_threads = 0, const std::function<void()>& poll = {});

// Which units a training step keeps, n_rows x n_units, into `kept`: of the row-th of a batch in the layer-th hidden
// layer.
void dropout_mask(double dropout, std::uint64_t seed, std::int64_t step, std::int64_t layer, std::int64_t n_rows,
                  std::int64_t n_units, std::span<bool> kept);

}  // namespace fastgd
