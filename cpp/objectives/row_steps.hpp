#pragma once

#include <algorithm>
#include <vector>

#include "descent/run.hpp"
#include "objectives/parameters.hpp"
#include "objectives/row_block.hpp"

namespace fastgd {

// Plain stochastic descent, a row a step, and on CSR rows also plain mini-batches.
template <class T>
class RowSteps {
public:
    RowSteps(const Problem<T>& problem, const ModelSettings& settings) : problem_(&problem) {
        for (const Penalty& penalty : settings.penalties) {
            l2_.push_back(static_cast<T>(penalty.l2()));
            l1_.push_back(static_cast<T>(penalty.l1()));
        }
        stride_ = settings.batch_size == 1 ? 1 : round_up(settings.batch_size, kLaneAlign);
        values_.resize(static_cast<std::size_t>(stride_));
        scores_.resize(values_.size() * l2_.size() * static_cast<std::size_t>(problem.n_outputs));
        dloss_.resize(scores_.size());
        scale_.resize(l2_.size());
        weight_.resize(l2_.size());
        if (problem.sparse()) decay_.assign(l2_.size(), {1.0, 0.0});
    }

    void descend(const Slice& slice, const RowBlock<T>& block, Parameters<T>& params,
                 const std::vector<double>& mean_weight, StepSums& sums) {
        lr_.assign(slice.plan.lr.begin(), slice.plan.lr.end());
        for (std::size_t m = 0; m < scale_.size(); ++m) {
            scale_[m] = static_cast<T>(1.0 / mean_weight[m]);
            weight_[m] = block.weight(0, problem_->fold_of(static_cast<int>(m)));
        }
        PerSampleCall<T> call = parameters(params);
        call.rows = block.rows(0, block.count());
        call.intercept = params.intercept.data();
        call.intercept_stride = params.intercept_stride;
        call.fit_intercept = problem_->fit_intercept;
        call.lr = lr_.data();
        call.l2 = l2_.data();
        call.l1 = l1_.data();
        call.scale = scale_.data();
        call.weight = weight_.data();
        call.loss = problem_->loss_of_row;
        call.loss_call = problem_->loss_call(T(1));
        block.describe(call.loss_call, 0, block.count());
        call.offset = block.offset(0);
        call.offset_stride = block.stride();
        call.scores = scores_.data();
        call.dloss = dloss_.data();
        call.loss_sum = sums.loss.data();
        call.finite = sums.finite.data();
        call.batch_ends = slice.batch_ends.data();
        call.n_batches = std::ssize(slice.batch_ends);
        call.loss_of_rows = problem_->loss;
        call.values = values_.data();
        call.stride = stride_;
        problem_->storage().per_sample(call);
        settled_ = !problem_->sparse();
    }

    // Before anybody else looks at the parameters.
    void settle(Parameters<T>& params) {
        if (settled_) return;
        const PerSampleCall<T> call = parameters(params);
        for (int m = 0; m < params.n_models; ++m) problem_->storage().settle(call, m);
        settled_ = true;
    }

    // What is still to be done to a model's parameters stays to be done: to settle them rounds.
    void serialize(int m, Parameters<T>& params, Archive& archive) {
        if (!problem_->sparse()) return;
        const PerSampleCall<T> call = parameters(params);
        archive(settled_);
        archive(call.decay[m].scale);
        archive(call.decay[m].shrink);
        if (met_.empty()) return;
        const auto size = static_cast<std::size_t>(params.n_outputs * params.stride);
        archive(std::span<double>(met_).subspan(static_cast<std::size_t>(m) * size, size));
    }

private:
    PerSampleCall<T> parameters(Parameters<T>& params) {
        PerSampleCall<T> call{};
        call.n_features = params.n_features;
        call.coef = params.coef.data();
        call.coef_stride = params.stride;
        call.n_models = params.n_models;
        call.n_outputs = params.n_outputs;
        const bool shrinks = std::any_of(l1_.begin(), l1_.end(), [](T l1) { return l1 != T(0); });
        if (problem_->sparse() && shrinks) met_.resize(params.coef.size());
        call.decay = decay_.data();
        call.met = met_.empty() ? nullptr : met_.data();
        return call;
    }

    const Problem<T>* problem_;
    std::vector<T> l2_;
    std::vector<T> l1_;
    // Of the steps at hand, [step][model].
    std::vector<T> lr_;
    std::vector<T> scale_;
    std::vector<const T*> weight_;
    // Of the rows of a batch, for each model and output.
    std::ptrdiff_t stride_ = 1;
    std::vector<T> scores_;
    std::vector<T> dloss_;
    std::vector<T> values_;
    // What CSR rows leave to be done to the parameters.
    std::vector<Decay> decay_;
    std::vector<double> met_;
    bool settled_ = true;
};

}  // namespace fastgd
