#pragma once

#include <algorithm>
#include <vector>

#include "objectives/linear_problem.hpp"

namespace fastgd {

// Which rows, in which order: all of them from `begin` where `index` is null, else those named.
struct RowSource {
    const std::int64_t* index = nullptr;
    std::int64_t count = 0;
    std::int64_t at(std::int64_t i) const { return index != nullptr ? index[i] : i; }
};

// Some rows as kernels want them: pointers to where they lie, with their targets, weights and offsets side by side.
// Rows that weigh nothing are left out.
template <class T>
class RowBlock {
public:
    RowBlock(const LinearProblem<T>& problem, std::int64_t capacity)
        : problem_(&problem),
          stride_(round_up(capacity, kLaneAlign)),
          row_(static_cast<std::size_t>(2 * capacity + kRowTile)),
          index_(static_cast<std::size_t>(capacity)),
          y_(static_cast<std::size_t>(stride_ * problem.n_targets)),
          weight_(problem.weight != nullptr ? static_cast<std::size_t>(stride_) : 0),
          offset_(problem.offset != nullptr ? static_cast<std::size_t>(stride_ * problem.n_outputs) : 0) {}

    void gather(const RowSource& source, std::int64_t begin, std::int64_t end) {
        const LinearProblem<T>& p = *problem_;
        count_ = 0;
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t at = source.at(i);
            if (!p.present(at)) continue;
            row_[static_cast<std::size_t>(count_)] = p.row(at);
            index_[static_cast<std::size_t>(count_)] = at;
            for (int k = 0; k < p.n_targets; ++k) put(y_, k, p.y[at * p.n_targets + k]);
            if (p.weight != nullptr) put(weight_, 0, p.weight[at]);
            if (p.offset != nullptr)
                for (int k = 0; k < p.n_outputs; ++k) put(offset_, k, p.offset[at * p.n_outputs + k]);
            ++count_;
        }
        // The last rows have next ones too: themselves.
        if (count_ > 0)
            std::fill_n(row_.begin() + count_, count_ + kRowTile, row_[static_cast<std::size_t>(count_ - 1)]);
    }

    std::ptrdiff_t count() const { return count_; }
    std::ptrdiff_t stride() const { return stride_; }
    // Rows first .. first + count, with as many after them as those wanted next.
    Rows rows(std::ptrdiff_t first, std::ptrdiff_t count) const {
        return {row_.data() + first, count, row_.data() + first + count};
    }
    // Which row of the matrix the i-th one is.
    std::int64_t index(std::ptrdiff_t i) const { return index_[static_cast<std::size_t>(i)]; }
    const T* weight(std::ptrdiff_t first) const { return weight_.empty() ? nullptr : weight_.data() + first; }
    const T* offset(std::ptrdiff_t first) const { return offset_.empty() ? nullptr : offset_.data() + first; }
    double weight_sum(std::ptrdiff_t first, std::ptrdiff_t count) const {
        if (weight_.empty()) return static_cast<double>(count);
        double sum = 0.0;
        for (std::ptrdiff_t i = first; i < first + count; ++i)
            sum += static_cast<double>(weight_[static_cast<std::size_t>(i)]);
        return sum;
    }
    // The loss kernel's view of rows first .. first + count.
    void describe(LossCall<T>& call, std::ptrdiff_t first, std::ptrdiff_t count) const {
        call.y = y_.data() + first;
        call.y_stride = problem_->n_targets > 1 ? stride_ : 0;
        call.weight = weight(first);
        call.n_rows = static_cast<int>(count);
    }

private:
    void put(std::vector<T>& to, int k, T value) { to[static_cast<std::size_t>(k * stride_ + count_)] = value; }

    const LinearProblem<T>* problem_;
    std::ptrdiff_t stride_;
    std::ptrdiff_t count_ = 0;
    std::vector<const std::byte*> row_;
    std::vector<std::int64_t> index_;
    std::vector<T> y_;
    std::vector<T> weight_;
    std::vector<T> offset_;
};

}  // namespace fastgd
