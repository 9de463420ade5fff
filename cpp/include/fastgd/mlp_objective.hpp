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

struct MlpOptions {
    // Units of each hidden layer; none for a linear model.
    std::vector<std::int64_t> hidden_layer_sizes{100};
    // Of all hidden layers: identity, relu, leaky_relu, tanh, logistic, gelu, silu or softplus.
    std::string activation = "relu";
    // As in LinearOptions.
    std::string loss = "multinomial";
    std::optional<double> loss_param{};
    std::shared_ptr<const UserLoss> user_loss{};
    int n_outputs = 2;
    bool multilabel = false;
    // The penalty's strength, on all weights, intercepts never.
    double alpha = 0.0;
    double l1_ratio = 0.0;
    // The share of hidden units that each training step leaves out; evaluations leave out none.
    double dropout = 0.0;
};

// F(w) = sum_i s_i loss(y_i, raw_i) / sum_i s_i + alpha ((1 - l1_ratio) / 2 ||W||^2 + l1_ratio ||W||_1) over all
// weights W. Each hidden layer turns what is below it, a, into activation(a W + b), and the head turns the last of them
// into raw scores a W + b. Flat parameters are, layer by layer, W (n_inputs x n_units, C order), then b.
//
// X, y and sample_weight belong to the caller and must outlive the objective. Types and shapes are those of
// LinearObjective.
class MlpObjective final : public Objective {
public:
    // Throws std::invalid_argument for what does not fit together.
    MlpObjective(const MatrixView& X, const void* y, const MlpOptions& options, const void* sample_weight = nullptr);
    ~MlpObjective() override;
    MlpObjective(MlpObjective&&) noexcept;
    MlpObjective& operator=(MlpObjective&&) noexcept;

    std::int64_t n_samples() const override;
    std::int64_t n_features() const;
    bool computes_in_double() const;
    std::int64_t n_params() const override;
    int n_outputs() const;
    const MlpOptions& options() const;
    Penalty penalty() const override { return {options().alpha, options().l1_ratio}; }
    bool weighted() const override;
    bool present(std::int64_t row) const override;
    std::optional<std::pair<std::int64_t, std::int64_t>> find_nonfinite(
        const std::function<void()>& poll = {}) const override;

    // F at w, over all rows or over the given ones as a mini-batch, as LinearObjective has it. Throws NonFiniteError
    // where a raw score, or what a hidden unit's activation is applied to, is not finite.
    double value(std::span<const double> w, std::optional<std::span<const std::int64_t>> rows = {}, int n_threads = 0,
                 const std::function<void()>& poll = {}) const;

    // As LinearObjective has it.
    void values(std::span<const double> w, std::span<double> values, int n_threads = 0,
                const std::function<void()>& poll = {}) const;

    // A training step whose masks of dropout are wanted.
    struct Step {
        std::uint64_t seed = 0;
        std::int64_t number = 0;
    };
    // The same with its gradient, by backpropagation; with the masks of a step where one is given.
    double value_and_grad(std::span<const double> w, std::span<double> grad,
                          std::optional<std::span<const std::int64_t>> rows = {}, int n_threads = 0,
                          const std::function<void()>& poll = {}, std::optional<Step> step = {}) const;

    // Raw scores (n_rows x n_outputs, C order) in the compute type.
    void decision_function(std::span<const double> w, void* out, std::optional<std::span<const std::int64_t>> rows = {},
                           int n_threads = 0, const std::function<void()>& poll = {}) const;

    std::unique_ptr<Run> start_run(ModelSettings settings, const std::function<void()>& poll) const override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fastgd
