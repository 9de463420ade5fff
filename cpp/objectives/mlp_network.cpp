#include "objectives/mlp_network.hpp"

#include <cmath>

#include "fastgd/errors.hpp"
#include "objectives/dropout.hpp"
#include "objectives/mlp_pass.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/philox.hpp"
#include "runtime/registry_lookup.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

void require(bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument(message);
}

template <class T>
void score(const MatrixView& X, const MlpNetwork& network, std::span<const double> params, T* out, int n_threads,
           const std::function<void()>& poll) {
    const KernelTable& table = kernels();
    MlpProblem<T> problem{Problem<T>{}, MlpShape<T>(network.sizes),
                          kernels_for<T>(table).activation[activation_index(table, network.activation)]};
    problem.data.X = X;
    problem.data.n_outputs = static_cast<int>(network.sizes.back());
    problem.data.fit_intercept = true;
    problem.data.kernels = &kernels_for<T>(table);
    const Parameters<T> padded = to_parameters(problem.shape, params);
    const int team = n_threads > 0 ? n_threads : max_threads();
    if (!mlp_raw_scores(problem, padded.coef_row(0), {nullptr, X.n_rows}, team, out, poll)) throw NonFiniteError();
}

}  // namespace

void check_network(const MlpNetwork& network) {
    // So that no number of parameters overflows.
    constexpr std::int64_t kMost = std::int64_t{1} << 31;
    require(network.sizes.size() >= 2, "sizes must hold the number of features and that of outputs");
    double n_params = 0.0;
    for (std::size_t l = 0; l < network.sizes.size(); ++l) {
        const std::int64_t size = network.sizes[l];
        require(size >= 1 && size < kMost,
                "layer " + std::to_string(l) + " must have from 1 to 2^31 - 1 units, got " + std::to_string(size));
        if (l > 0) n_params += static_cast<double>(size) * static_cast<double>(network.sizes[l - 1] + 64);
    }
    require(n_params < 0x1p56, "layers must have fewer than 2^56 parameters");
}

std::vector<double> mlp_initial(const MlpNetwork& network, std::uint64_t seed, const std::string& method,
                                const std::function<void()>& poll) {
    constexpr std::int64_t kBetweenPolls = 1 << 20;
    check_network(network);
    require(method.empty() || method == "he" || method == "glorot",
            "method must be one of he, glorot; got '" + method + "'");
    const KernelTable& table = kernels();
    const Start own = table.activations[activation_index(table, network.activation)].start;
    const Start chosen = method.empty() ? own : method == "he" ? Start::he : Start::glorot;
    const std::vector<std::int64_t>& sizes = network.sizes;
    std::size_t n_params = 0;
    for (std::size_t l = 0; l + 1 < sizes.size(); ++l)
        n_params += static_cast<std::size_t>(sizes[l + 1] * (sizes[l] + 1));
    if (n_params > std::vector<double>().max_size()) throw std::bad_alloc();
    std::vector<double> params(n_params);
    double* next = params.data();
    for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
        const bool head = l + 2 == sizes.size();
        const auto fans = static_cast<double>(!head && chosen == Start::he ? sizes[l] : sizes[l] + sizes[l + 1]);
        const double bound = std::sqrt(6.0 / fans);
        PhiloxWords words{};
        for (std::int64_t k = 0; k < sizes[l] * sizes[l + 1]; ++k) {
            if (poll && k % kBetweenPolls == 0) poll();
            if (k % 4 == 0)
                words = philox(seed, PhiloxStream::initial_parameters, l, static_cast<std::uint64_t>(k / 4));
            const double u = static_cast<double>(words[static_cast<std::size_t>(k % 4)] >> 11) * 0x1p-53;
            *next++ = (2.0 * u - 1.0) * bound;
        }
        next += sizes[l + 1];
    }
    return params;
}

void mlp_scores(const MatrixView& X, const MlpNetwork& network, std::span<const double> params, void* out,
                int n_threads, const std::function<void()>& poll) {
    check_network(network);
    require(network.sizes[0] == X.n_cols, "sizes must begin with the number of columns of X, " +
                                              std::to_string(X.n_cols) + ", got " + std::to_string(network.sizes[0]));
    if (X.n_rows == 0) return;
    if (computes_in_double(X.storage))
        score(X, network, params, static_cast<double*>(out), n_threads, poll);
    else
        score(X, network, params, static_cast<float*>(out), n_threads, poll);
}

void dropout_mask(double dropout, std::uint64_t seed, std::int64_t step, std::int64_t layer, std::int64_t n_rows,
                  std::int64_t n_units, std::span<bool> kept) {
    require(dropout >= 0.0 && dropout < 1.0, "dropout must be in [0, 1), got " + std::to_string(dropout));
    require(n_rows >= 0 && n_units >= 0 && (n_units == 0 || n_rows <= std::ssize(kept) / n_units),
            "kept must have room for n_rows x n_units");
    const Dropout masks(dropout);
    for (std::int64_t r = 0; r < n_rows; ++r)
        masks.visit(seed, step, layer, r, n_units, 0, n_units,
                    [&](std::int64_t unit, bool stays) { kept[static_cast<std::size_t>(r * n_units + unit)] = stays; });
}

}  // namespace fastgd
