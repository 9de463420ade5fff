#pragma once

#include <algorithm>
#include <functional>

#include "objectives/parameters.hpp"
#include "objectives/problem.hpp"
#include "objectives/row_block.hpp"
#include "objectives/score_block.hpp"
#include "objectives/slope_table.hpp"

namespace fastgd {

// How many rows go through forward, loss and backward at once: 4, 8 or a multiple of 16. Any such number gives the same
// bits; this one keeps the rows in L1 where there is little arithmetic on them, and in L2 where there is much. Rows
// that come from L2 anyway may be a few more: a loss is computed in up to 16 lanes.
inline std::ptrdiff_t rows_at_once(std::ptrdiff_t row_bytes, std::ptrdiff_t n_scores, bool from_l2) {
    constexpr std::ptrdiff_t kKilobyte = 1024;
    const std::ptrdiff_t few = from_l2 ? std::clamp(8 * row_bytes, 20 * kKilobyte, 64 * kKilobyte) : 14 * kKilobyte;
    const std::ptrdiff_t cache = n_scores < 4 ? few : 128 * kKilobyte;
    const std::ptrdiff_t by_rows = cache / std::max<std::ptrdiff_t>(row_bytes, 1);
    const std::ptrdiff_t by_scores = 16 * 1024 / n_scores;
    const std::ptrdiff_t rows = std::clamp<std::ptrdiff_t>(std::min(by_rows, by_scores), kRowTile, 256);
    return rows >= 16 ? rows / 16 * 16 : rows >= 8 ? 8 : 4;
}

// The same for the loss of a problem. A call of Python costs as much as hundreds of rows.
template <class T>
std::ptrdiff_t rows_at_once(const Problem<T>& problem, std::ptrdiff_t n_scores) {
    // Of sparse rows it is their gradients that have to stay in L1 while they are scored, too.
    if (problem.sparse() && problem.user_loss == nullptr) return n_scores < 4 ? kRowTile : 16;
    if (problem.user_loss == nullptr || !problem.user_loss->on_calling_thread)
        return rows_at_once(problem.row_bytes(), n_scores, cpu_fetches_to_l2());
    return std::clamp<std::ptrdiff_t>(256 * 1024 / n_scores, 16, 1024) / 16 * 16;
}

// One thread's way through the rows of an accumulation block, with all columns: scores, losses, gradient of some rows
// at a time, while they are in cache.
template <class T>
class RowWalk {
public:
    RowWalk(const Problem<T>& problem, const Parameters<T>& shape, std::ptrdiff_t most_rows)
        : problem_(&problem),
          at_once_(std::min(rows_at_once(problem, shape.n_scores()), round_up(most_rows, 16))),
          scores_(shape, at_once_),
          sums_(*problem.kernels, shape),
          ones_(static_cast<std::size_t>(shape.n_models), T(1)) {}

    std::ptrdiff_t at_once() const { return at_once_; }

    // The sums over rows begin .. end of the block; adds the gradient, times each model's `scale` (null: 1), to `grad`
    // unless that is null. A table corrects the derivatives, but not the losses. What `poll` throws ends the pass.
    const BlockSums<T>& pass(const Parameters<T>& parameters, const RowBlock<T>& block, std::ptrdiff_t begin,
                             std::ptrdiff_t end, const T* scale, Parameters<T>* grad, SlopeTable<T>* table = nullptr,
                             const std::function<void()>& poll = {}) {
        if (scale == nullptr) scale = ones_.data();
        return walk(parameters, block, begin, end, grad, [&](std::ptrdiff_t first, std::ptrdiff_t count) {
            if (poll) poll();
            scores_.apply_loss(*problem_, block, first, count, parameters.n_models, scale, sums_.finite());
            if (table != nullptr) table->correct(scores_, block, first, count);
        });
    }

    // The product of the loss's Hessian at the first of two models with the second one, over the whole block; added to
    // `product`, which is one model.
    const BlockSums<T>& hessian_pass(const Parameters<T>& point_and_direction, const RowBlock<T>& block,
                                     Parameters<T>& product, const std::function<void()>& poll) {
        return walk(point_and_direction, block, 0, block.count(), &product,
                    [&](std::ptrdiff_t first, std::ptrdiff_t count) {
                        if (poll) poll();
                        scores_.apply_curvature(*problem_, block, first, count, sums_.finite());
                    });
    }

    // pass() with something done to the rows' derivatives before they become a gradient: adjust(scores, first, count).
    template <class Adjust>
    const BlockSums<T>& pass_adjusted(const Parameters<T>& parameters, const RowBlock<T>& block, Parameters<T>* grad,
                                      Adjust&& adjust) {
        return walk(parameters, block, 0, block.count(), grad, [&](std::ptrdiff_t first, std::ptrdiff_t count) {
            scores_.apply_loss(*problem_, block, first, count, parameters.n_models, ones_.data(), sums_.finite());
            adjust(scores_, first, count);
        });
    }

    // Raw scores without offsets of at most at_once() rows from `first` on.
    const ScoreBlock<T>& raw(const Parameters<T>& parameters, const RowBlock<T>& block, std::ptrdiff_t first,
                             std::ptrdiff_t count) {
        forward(parameters, block.rows(first, count));
        return scores_;
    }

private:
    // evaluate(first, count) turns the scores of some rows into their losses and derivatives.
    template <class Evaluate>
    const BlockSums<T>& walk(const Parameters<T>& parameters, const RowBlock<T>& block, std::ptrdiff_t begin,
                             std::ptrdiff_t end, Parameters<T>* grad, Evaluate&& evaluate) {
        sums_.clear();
        for (std::ptrdiff_t first = begin; first < end; first += at_once_) {
            const std::ptrdiff_t count = std::min(at_once_, end - first);
            const Rows rows = block.rows(first, count);
            forward(parameters, rows);
            evaluate(first, count);
            sums_.add(scores_, first - begin, count);
            if (grad != nullptr) scores_.backward(*problem_, rows, {0, problem_->X.n_cols}, *grad);
        }
        sums_.finish();
        if (grad != nullptr && problem_->fit_intercept)
            for (std::ptrdiff_t s = 0; s < grad->n_scores(); ++s) grad->bias(s) += sums_.dloss(s);
        return sums_;
    }

    void forward(const Parameters<T>& parameters, const Rows& rows) {
        scores_.start(parameters, rows.count);
        ForwardCall<T> call{};
        call.rows = rows;
        call.columns = {0, problem_->X.n_cols};
        call.coef = parameters.coef.data();
        call.coef_stride = parameters.stride;
        call.n_outputs = static_cast<int>(parameters.n_scores());
        call.out = scores_.raw.data();
        call.output_stride = scores_.stride;
        call.accumulate = true;
        problem_->storage().forward(call);
    }

    const Problem<T>* problem_;
    std::ptrdiff_t at_once_;
    ScoreBlock<T> scores_;
    BlockSums<T> sums_;
    std::vector<T> ones_;
};

}  // namespace fastgd
