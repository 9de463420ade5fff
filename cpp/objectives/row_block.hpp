#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "objectives/problem.hpp"

namespace fastgd {

// Which rows, in which order: all of them from `begin` where `index` is null, else those named.
struct RowSource {
    const std::int64_t* index = nullptr;
    std::int64_t count = 0;
    std::int64_t at(std::int64_t i) const { return index != nullptr ? index[i] : i; }
};

// Some rows as kernels want them: pointers to where they lie, with their targets, weights and offsets side by side.
// Rows that weigh nothing keep their place, so that sums over lanes do not depend on what is absent: their pointers are
// those of another row, since what they hold may not be finite.
template <class T>
class RowBlock {
public:
    // `hides_folds`: whether rows of a fold are absent for models that hold it out, as rows of weight 0 are for all.
    RowBlock(const Problem<T>& problem, std::int64_t capacity, bool hides_folds = false)
        : problem_(&problem),
          stride_(round_up(capacity, kLaneAlign)),
          row_(static_cast<std::size_t>(2 * capacity + kRowTile)),
          hidden_(hides_folds ? static_cast<std::size_t>(problem.n_folds) : 0),
          index_(static_cast<std::size_t>(capacity)),
          y_(static_cast<std::size_t>(stride_ * problem.n_targets)),
          weight_(static_cast<std::size_t>(stride_ * n_lines())),
          offset_(problem.offset != nullptr ? static_cast<std::size_t>(stride_ * problem.n_outputs) : 0) {}

    // Array by array: what there is to copy depends on the problem alone, so each loop has nothing to ask.
    void gather(const RowSource& source, std::int64_t begin, std::int64_t end) {
        const Problem<T>& p = *problem_;
        count_ = end - begin;
        for (std::ptrdiff_t i = 0; i < count_; ++i) index_[static_cast<std::size_t>(i)] = source.at(begin + i);
        for (std::ptrdiff_t i = 0; i < count_; ++i) row_[static_cast<std::size_t>(i)] = p.row(index(i));
        copy(p.y, p.n_targets, y_);
        if (p.offset != nullptr) copy(p.offset, p.n_outputs, offset_);
        if (n_lines() > 0) copy_weights();
        if (p.weight != nullptr && !replace_absent(weight(0), row_)) count_ = 0;
        if (count_ > 0) repeat_last();
        for (std::size_t f = 0; f < hidden_.size(); ++f) {
            hidden_[f] = row_;
            // Where no row is left, what stands there weighs nothing.
            replace_absent(weight(0, static_cast<int>(f)), hidden_[f]);
        }
    }

    std::ptrdiff_t count() const { return count_; }
    std::ptrdiff_t stride() const { return stride_; }
    // Rows first .. first + count, with as many after them as those wanted next; as a model sees them that holds out
    // this fold, where the block hides folds.
    Rows rows(std::ptrdiff_t first, std::ptrdiff_t count, int fold = kNoFold) const {
        const auto& row = fold == kNoFold || hidden_.empty() ? row_ : hidden_[static_cast<std::size_t>(fold)];
        return problem_->rows(row.data() + first, count, row.data() + first + count);
    }
    // Which row of the matrix the i-th one is.
    std::int64_t index(std::ptrdiff_t i) const { return index_[static_cast<std::size_t>(i)]; }
    // As a model sees them that holds out this fold; null where every row weighs 1.
    const T* weight(std::ptrdiff_t first, int fold = kNoFold) const {
        if (fold == kNoFold && problem_->weight == nullptr) return nullptr;
        return weight_.data() + (fold == kNoFold ? problem_->n_folds : fold) * stride_ + first;
    }
    const T* offset(std::ptrdiff_t first) const { return offset_.empty() ? nullptr : offset_.data() + first; }
    double weight_sum(std::ptrdiff_t first, std::ptrdiff_t count, int fold = kNoFold) const {
        const T* weights = weight(first, fold);
        // Without weights of the caller's these are 0 or 1.
        if (problem_->weight == nullptr) return static_cast<double>(n_present(first, count, fold));
        double sum = 0.0;
        for (std::ptrdiff_t i = 0; i < count; ++i) sum += static_cast<double>(weights[i]);
        return sum;
    }
    std::int64_t n_present(std::ptrdiff_t first, std::ptrdiff_t count, int fold = kNoFold) const {
        const T* weights = weight(first, fold);
        return weights == nullptr ? count : std::count_if(weights, weights + count, [](T w) { return w > T(0); });
    }
    // The loss kernel's view of rows first .. first + count.
    void describe(LossCall<T>& call, std::ptrdiff_t first, std::ptrdiff_t count, int fold = kNoFold) const {
        call.y = y_.data() + first;
        call.y_stride = problem_->n_targets > 1 ? stride_ : 0;
        call.weight = weight(first, fold);
        call.n_rows = static_cast<int>(count);
    }

    // Adds what each model sees of the first n_rows, by its fold: a sum over rows for each model would take longer than
    // its steps.
    void add_weights(std::ptrdiff_t n_rows, std::span<double> weight) const {
        std::vector<double> of_fold;
        for (int f = 0; f < problem_->n_folds; ++f) of_fold.push_back(weight_sum(0, n_rows, f));
        of_fold.push_back(weight_sum(0, n_rows));
        for (std::size_t m = 0; m < weight.size(); ++m) {
            const int fold = problem_->fold_of(static_cast<int>(m));
            weight[m] += fold == kNoFold ? of_fold.back() : of_fold[static_cast<std::size_t>(fold)];
        }
    }

private:
    // The rows' part of an array of n_columns, a line a column.
    void copy(const T* from, int n_columns, std::vector<T>& to) const {
        for (int k = 0; k < n_columns; ++k)
            for (std::ptrdiff_t i = 0; i < count_; ++i)
                to[static_cast<std::size_t>(k * stride_ + i)] = from[index(i) * n_columns + k];
    }
    void copy_weights() {
        for (int f = 0; f < n_lines(); ++f) {
            T* line = weight_.data() + f * stride_;
            if (problem_->weight == nullptr) {
                std::fill_n(line, count_, T(1));
            } else {
                for (std::ptrdiff_t i = 0; i < count_; ++i) line[i] = problem_->weight[index(i)];
            }
        }
        if (problem_->n_folds == 0) return;
        for (std::ptrdiff_t i = 0; i < count_; ++i)
            weight_[static_cast<std::size_t>(problem_->fold[index(i)] * stride_ + i)] = T(0);
    }
    // Puts another row in the place of each that weighs nothing; false where all of them do.
    bool replace_absent(const T* weights, std::vector<const std::byte*>& row) const {
        const auto some = std::find_if(weights, weights + count_, [](T w) { return w > T(0); });
        if (some == weights + count_) return false;
        const std::byte* other = row[static_cast<std::size_t>(some - weights)];
        for (std::ptrdiff_t r = 0; r < count_; ++r)
            if (!(weights[r] > T(0))) row[static_cast<std::size_t>(r)] = other;
        return true;
    }
    // The last rows have next ones too: themselves.
    void repeat_last() {
        std::fill_n(row_.begin() + count_, count_ + kRowTile, row_[static_cast<std::size_t>(count_ - 1)]);
    }
    // One line of weights a fold, and one for all rows.
    std::ptrdiff_t n_lines() const {
        return problem_->n_folds > 0 ? problem_->n_folds + 1 : problem_->weight != nullptr ? 1 : 0;
    }

    const Problem<T>* problem_;
    std::ptrdiff_t stride_;
    std::ptrdiff_t count_ = 0;
    std::vector<const std::byte*> row_;
    std::vector<std::vector<const std::byte*>> hidden_;
    std::vector<std::int64_t> index_;
    std::vector<T> y_;
    std::vector<T> weight_;
    std::vector<T> offset_;
};

}  // namespace fastgd
