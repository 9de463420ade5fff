#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "fastgd/matrix_view.hpp"
#include "fastgd/objective.hpp"

namespace fastgd {

struct DensityOptions {
    int n_components = 1;
    // Whether covariances are diagonal, not full.
    bool diagonal = false;
    // What is added to the variances at the optimum.
    double reg_covar = 1e-6;
    // Whether parameters are those of rows (z - mean) / scale, by the means and standard deviations of the columns; a
    // column that does not vary has the scale 1. The density stays that of the rows as they are.
    bool standardize = false;
    // In the place of those of the data, where they are not empty.
    std::vector<double> feature_means{};
    std::vector<double> feature_scales{};
};

// F(w) = -mean over rows of log sum_k exp(log p_k + log N(z | mu_k, (U_k U_k')^-1) - reg_covar / 2 ||U_k||^2): of
// Gaussian mixtures, whose factors U_k of the precisions are upper triangles, or diagonal. Every w is valid. Flat
// parameters are: K numbers of which the weights p are the softmax, absent for one component; the means (K x d, C
// order); and for each component its U column by column, or its diagonal, with the logarithms of diagonal entries in
// their place.
//
// Z belongs to the caller and must outlive the objective.
class DensityObjective final : public Objective {
public:
    // Throws std::invalid_argument for what does not fit together, sparse rows among it. To standardise takes a pass
    // over the data, with `poll` as in `value`.
    DensityObjective(const MatrixView& Z, const DensityOptions& options, const std::function<void()>& poll = {});
    ~DensityObjective() override;
    DensityObjective(DensityObjective&&) noexcept;
    DensityObjective& operator=(DensityObjective&&) noexcept;

    std::int64_t n_samples() const override;
    std::int64_t n_features() const;
    std::int64_t n_params() const override;
    bool computes_in_double() const;
    const DensityOptions& options() const;
    std::optional<std::pair<std::int64_t, std::int64_t>> find_nonfinite(
        const std::function<void()>& poll = {}) const override;

    // F of some models (n_models x n_params, C order), over all rows or the given ones (any order, repeats allowed);
    // NaN where a row's density has no finite logarithm. `poll` is called now and then on the calling thread; what it
    // throws ends the pass.
    void values(std::span<const double> w, std::span<double> value,
                std::optional<std::span<const std::int64_t>> rows = {}, int n_threads = 0,
                const std::function<void()>& poll = {}) const;
    // The same with the gradients, n_models x n_params.
    void values_and_grads(std::span<const double> w, std::span<double> value, std::span<double> grad,
                          std::optional<std::span<const std::int64_t>> rows = {}, int n_threads = 0,
                          const std::function<void()>& poll = {}) const;

    // The logarithm of the density of each row, without the term of reg_covar, in the compute type; and, unless it is
    // null, the share of each component in it (n_rows x n_components).
    void score_samples(std::span<const double> w, void* out, void* shares,
                       std::optional<std::span<const std::int64_t>> rows = {}, int n_threads = 0,
                       const std::function<void()>& poll = {}) const;

    // Parameters to start from. One component: the means and variances of the columns. More: equal weights, means that
    // are rows drawn by k-means++ from at most 32768 evenly spaced ones, columns divided by their standard deviations
    // there, and the variances within the groups of rows nearest to each. Throws NonFiniteError for rows that are not
    // finite.
    std::vector<double> initial(std::uint64_t seed, int n_threads = 0, const std::function<void()>& poll = {}) const;

    // With `standardize` what rows are shifted and divided by; empty without.
    std::vector<double> feature_means() const;
    std::vector<double> feature_scales() const;

    std::unique_ptr<Run> start_run(ModelSettings settings, const std::function<void()>& poll) const override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fastgd
