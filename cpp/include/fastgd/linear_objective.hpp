#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fastgd/matrix_view.hpp"
#include "fastgd/objective.hpp"
#include "fastgd/user_loss.hpp"

namespace fastgd {

struct LinearOptions {
    // One of those that an unknown name is answered with.
    std::string loss = "log_loss";
    // The loss's parameter (epsilon, quantile, power); its default where not given.
    std::optional<double> loss_param{};
    // The caller's own loss, in place of both.
    std::shared_ptr<const UserLoss> user_loss{};
    int n_outputs = 1;
    // Whether a binary loss has targets -1 and +1 for every output, (n_samples, n_outputs), in place of class indices.
    bool multilabel = false;
    // The penalty's strength and the share of it that is L1; the intercept is never penalised.
    double alpha = 0.0;
    double l1_ratio = 0.0;
    bool fit_intercept = true;
    // Whether the parameters, and with them the penalty, are those of features shifted and scaled to mean 0 and
    // standard deviation 1 over all rows, by weight. The data stay as they are: (w / sigma) . x - w . mu / sigma.
    bool standardize = false;
    // F also has this times the sum of the intercepts: what makes a hinge a one-class machine, whose offset is to be
    // large. Not with standardised features.
    double intercept_slope = 0.0;
};

// Of x~, a row with the 1 of an intercept that is fitted, over at most 4096 evenly spaced rows of positive weight s.
struct RowMoments {
    // sum s ||x~||^2 / sum s.
    double mean_square_norm = 0.0;
    // A bound on the largest eigenvalue of sum s x~ x~^T / sum s: 16 steps of Lanczos' method, which comes from below,
    // divided by how far it may be off for all but one in a thousand starts; never more than mean_square_norm.
    double eigenvalue_bound = 0.0;
};

// F(w) = sum_i s_i loss(y_i, raw_i) / sum_i s_i + alpha ((1 - l1_ratio) / 2 ||coef||^2 + l1_ratio ||coef||_1),
// raw = X coef^T + intercept + offset, with standardised X where the options say so. Parameters are flat: coef
// (n_outputs x n_features, C order), then intercept.
//
// X, y, sample_weight and offset belong to the caller and must outlive the objective. Arrays typed `const void*` hold
// doubles where X is float64 and floats otherwise: y is (n_samples) or, for regression with several outputs,
// (n_samples, n_outputs); -1 and +1 for a binary loss with one output; class indices otherwise. sample_weight
// (n_samples) and offset (n_samples, n_outputs) may be null.
class LinearObjective final : public Objective {
public:
    // Throws std::invalid_argument for what does not fit together. To standardise takes a pass over the data, with
    // `poll` as in `value`.
    LinearObjective(const MatrixView& X, const void* y, const LinearOptions& options,
                    const void* sample_weight = nullptr, const void* offset = nullptr,
                    const std::function<void()>& poll = {});
    ~LinearObjective() override;
    LinearObjective(LinearObjective&&) noexcept;
    LinearObjective& operator=(LinearObjective&&) noexcept;

    std::int64_t n_samples() const override;
    std::int64_t n_features() const;
    // Whether arithmetic, and with it y, weights, offsets and scores, is in double, not in float.
    bool computes_in_double() const;
    std::int64_t n_params() const override;
    int n_outputs() const;
    const LinearOptions& options() const;
    Penalty penalty() const override { return {options().alpha, options().l1_ratio}; }
    bool weighted() const override;
    bool present(std::int64_t row) const override;

    // F at w, over all rows or over the given ones as a mini-batch (any order, repeats allowed), which divides by the
    // mean weight of all rows times its number of rows; both count rows of positive weight only. n_threads 0 is the
    // default number.
    // Throws NonFiniteError where a raw score is not finite, std::out_of_range for a row that does not exist. `poll` is
    // called now and then on the calling thread; what it throws ends the pass.
    double value(std::span<const double> w, std::optional<std::span<const std::int64_t>> rows = {}, int n_threads = 0,
                 const std::function<void()>& poll = {}) const;

    // The same, with its gradient (for the L1 part a subgradient: the sign, 0 at 0). One pass over the data.
    double value_and_grad(std::span<const double> w, std::span<double> grad,
                          std::optional<std::span<const std::int64_t>> rows = {}, int n_threads = 0,
                          const std::function<void()>& poll = {}) const;

    // F at each row of w (n_values x n_params, C order), many of them in each pass over the data: the bits of `value`.
    // Infinite where a raw score is not finite, which does not throw.
    void values(std::span<const double> w, std::span<double> values, int n_threads = 0,
                const std::function<void()>& poll = {}) const;

    // F at w + sum_j c_j d_j for each row c of `coordinates` (n_values x n_directions), d_j the rows of `directions`
    // (n_directions x n_params), both in C order: from one pass over the data, as scores are linear in the parameters.
    // Infinite where a raw score is not finite.
    void plane(std::span<const double> w, std::span<const double> directions, std::span<const double> coordinates,
               std::span<double> values, int n_threads = 0, const std::function<void()>& poll = {}) const;

    // The Hessian of F at w times v, over all rows or over a mini-batch as above; the L1 part has none. A loss whose
    // slope jumps counts as straight there. Throws std::invalid_argument for a loss of the caller's own, which has no
    // second derivative to use, NonFiniteError where a raw score at w, or along v, is not finite.
    void hvp(std::span<const double> w, std::span<const double> v, std::span<double> product,
             std::optional<std::span<const std::int64_t>> rows = {}, int n_threads = 0,
             const std::function<void()>& poll = {}) const;

    // Raw scores (n_rows x n_outputs, C order) in the compute type.
    void decision_function(std::span<const double> w, void* out, std::optional<std::span<const std::int64_t>> rows = {},
                           int n_threads = 0, const std::function<void()>& poll = {}) const;

    std::optional<std::pair<std::int64_t, std::int64_t>> find_nonfinite(
        const std::function<void()>& poll = {}) const override;

    // How large X is, as smoothness bounds want it; of standardised rows where the parameters are those of them.
    RowMoments row_moments(const std::function<void()>& poll = {}) const;

    // The largest s ||x~||^2 / mean(s) of all rows of positive weight, NaN where X holds one.
    double max_square_norm(int n_threads = 0, const std::function<void()>& poll = {}) const;

    // With `standardize` the weighted means, and the standard deviations, 1 for a feature that does not vary; empty
    // without. NaN where X is not finite or its squares are beyond the range of double.
    std::vector<double> feature_means() const;
    std::vector<double> feature_scales() const;

    // The parameters that give the same scores on the data as they are: with `standardize` they end with intercepts in
    // any case, without they are `w`. A feature that does not vary has the coefficient 0.
    std::vector<double> raw_params(std::span<const double> w) const;

    // A bound on F(w) - min F: F(w) less the dual objective at a point made from the losses' derivatives at w. Two
    // passes over the data, one without an intercept. Infinite where no such point is at hand: without penalty, and
    // where the penalty is L1 alone for the losses but squared_error. Throws std::invalid_argument for a loss that has
    // none (all but squared_error, log_loss, hinge and squared_hinge), NonFiniteError as `value` does.
    double duality_gap(std::span<const double> w, int n_threads = 0, const std::function<void()>& poll = {}) const;

    double gap(std::span<const double> w, int n_threads, const std::function<void()>& poll) const override {
        return duality_gap(w, n_threads, poll);
    }
    std::unique_ptr<Run> start_run(ModelSettings settings, const std::function<void()>& poll) const override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fastgd
