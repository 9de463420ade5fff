#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "objectives/parameters.hpp"
#include "objectives/row_block.hpp"
#include "objectives/user_kernel.hpp"
#include "runtime/aligned_buffer.hpp"

namespace fastgd {

// The scores of some rows, one line an output of a model, and what the loss makes of them.
template <class T>
struct ScoreBlock {
    std::ptrdiff_t stride;
    AlignedBuffer<T> raw;
    AlignedBuffer<T> dloss;
    // One line a model: the rows' losses.
    AlignedBuffer<T> value;
    UserKernel<T> user_kernel;

    ScoreBlock(const Parameters<T>& parameters, std::ptrdiff_t n_rows)
        : ScoreBlock(parameters.n_models, parameters.n_outputs, n_rows) {}
    ScoreBlock(std::ptrdiff_t n_models, std::ptrdiff_t n_outputs, std::ptrdiff_t n_rows)
        : stride(round_up(n_rows, kLaneAlign)),
          raw(static_cast<std::size_t>(n_models * n_outputs * stride)),
          dloss(raw.size()),
          value(static_cast<std::size_t>(n_models * stride)) {}

    void start(const Parameters<T>& parameters, std::ptrdiff_t count) {
        for (std::ptrdiff_t s = 0; s < parameters.n_scores(); ++s)
            std::fill_n(raw.data() + s * stride, round_up(count, kRowTile), parameters.bias(s));
    }

    // To the scores of the first models.
    void add_offset(const Problem<T>& problem, const RowBlock<T>& block, std::ptrdiff_t first, std::ptrdiff_t count,
                    int n_models) {
        const T* offset = block.offset(first);
        if (offset == nullptr) return;
        for (std::ptrdiff_t s = 0; s < std::ptrdiff_t{n_models} * problem.n_outputs; ++s)
            for (std::ptrdiff_t r = 0; r < count; ++r)
                raw[static_cast<std::size_t>(s * stride + r)] += offset[s % problem.n_outputs * block.stride() + r];
    }

    // From raw scores to losses and their derivatives, model by model, each with its factor of the derivatives; clears
    // `finite` (one a model) where a raw score is not finite.
    void apply_loss(const Problem<T>& problem, const RowBlock<T>& block, std::ptrdiff_t first, std::ptrdiff_t count,
                    int n_models, const T* scale, bool* finite) {
        add_offset(problem, block, first, count, n_models);
        apply_loss_alone(problem, block, first, count, n_models, scale, finite);
    }
    // The same for scores that have the offsets in them.
    void apply_loss_alone(const Problem<T>& problem, const RowBlock<T>& block, std::ptrdiff_t first,
                          std::ptrdiff_t count, int n_models, const T* scale, bool* finite) {
        const auto call_of = [&](int m) {
            LossCall<T> call = problem.loss_call(scale[m]);
            block.describe(call, first, count, problem.fold_of(m));
            call.stride = stride;
            call.raw = raw.data() + m * problem.n_outputs * stride;
            call.dloss = dloss.data() + m * problem.n_outputs * stride;
            call.value = value.data() + m * stride;
            return call;
        };
        if (problem.user_loss == nullptr) {
            for (int m = 0; m < n_models; ++m) finite[m] = problem.loss(call_of(m)) && finite[m];
            return;
        }
        user_kernel.clear();
        for (int m = 0; m < n_models; ++m) user_kernel.gather(*problem.user_loss, call_of(m));
        user_kernel.evaluate(*problem.user_loss, problem.n_outputs);
        for (int m = 0; m < n_models; ++m) finite[m] = user_kernel.scatter(call_of(m)) && finite[m];
    }

    // The loss's Hessian at the first model's scores times the scores of the second, in the first one's derivatives.
    void apply_curvature(const Problem<T>& problem, const RowBlock<T>& block, std::ptrdiff_t first,
                         std::ptrdiff_t count, bool* finite) {
        add_offset(problem, block, first, count, 1);
        CurvatureCall<T> call{problem.loss_call(T(1)), raw.data() + problem.n_outputs * stride};
        block.describe(call.loss, first, count);
        call.loss.stride = stride;
        call.loss.raw = raw.data();
        call.loss.dloss = dloss.data();
        *finite = problem.curvature(call) && *finite;
    }

    // Adds the gradient of the rows, in the given columns, to `grad`.
    void backward(const Problem<T>& problem, const Rows& rows, Columns columns, Parameters<T>& grad) const {
        BackwardCall<T> call{};
        call.rows = rows;
        call.columns = columns;
        call.dloss = dloss.data();
        call.dloss_stride = stride;
        call.n_outputs = static_cast<int>(grad.n_scores());
        call.grad = grad.coef.data();
        call.grad_stride = grad.stride;
        problem.storage().backward(call);
    }
};

// Sums over the rows of one accumulation block, in lanes that a fixed tree adds up.
template <class T>
class BlockSums {
public:
    BlockSums(const Kernels<T>& kernels, const Parameters<T>& parameters)
        : BlockSums(kernels, parameters.n_models, parameters.n_outputs) {}
    BlockSums(const Kernels<T>& kernels, std::ptrdiff_t n_models, std::ptrdiff_t n_outputs)
        : kernels_(&kernels),
          loss_(static_cast<std::size_t>(n_models)),
          dloss_(static_cast<std::size_t>(n_models * n_outputs)),
          loss_total_(loss_.size()),
          dloss_total_(dloss_.size()),
          finite_(std::make_unique<bool[]>(loss_.size())) {}

    void clear() {
        std::fill(loss_.begin(), loss_.end(), Lanes<double>{});
        std::fill(dloss_.begin(), dloss_.end(), Lanes<T>{});
        std::fill_n(finite_.get(), loss_.size(), true);
    }

    // Rows first .. first + count of the block, as for LaneSumsCall.
    void add(const ScoreBlock<T>& scores, std::ptrdiff_t first, std::ptrdiff_t count) {
        kernels_->lane_sums({scores.value.data(), scores.dloss.data(), scores.stride, std::ssize(loss_),
                             std::ssize(dloss_), first, count, loss_[0].data(), dloss_[0].data()});
    }

    // After the last rows.
    void finish() {
        kernels_->lane_totals({loss_[0].data(), dloss_[0].data(), std::ssize(loss_), std::ssize(dloss_),
                               loss_total_.data(), dloss_total_.data()});
    }

    double loss(int model) const { return loss_total_[static_cast<std::size_t>(model)]; }
    T dloss(std::ptrdiff_t score) const { return dloss_total_[static_cast<std::size_t>(score)]; }
    bool* finite() { return finite_.get(); }
    const bool* finite() const { return finite_.get(); }

private:
    template <class U>
    using Lanes = std::array<U, kSumLanes>;

    const Kernels<T>* kernels_;
    std::vector<Lanes<double>> loss_;
    std::vector<Lanes<T>> dloss_;
    std::vector<double> loss_total_;
    std::vector<T> dloss_total_;
    // An array, as vector<bool> has no addresses.
    std::unique_ptr<bool[]> finite_;
};

}  // namespace fastgd
