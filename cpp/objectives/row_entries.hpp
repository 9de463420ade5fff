#pragma once

#include <vector>

#include "objectives/problem.hpp"
#include "objectives/widen_row.hpp"

namespace fastgd {

// The elements of one row after the other in the compute type: all of a dense row, and of a CSR row those of the
// columns that have entries, which add up.
template <class T>
class RowEntries {
public:
    explicit RowEntries(const Problem<T>& problem) : problem_(problem) {
        if (!problem.sparse()) return;
        room_.resize(static_cast<std::size_t>(problem.X.n_cols));
        listed_.resize(room_.size());
    }

    // visit(column, value)
    template <class Visit>
    void visit(std::int64_t row, Visit&& visit) {
        if (!problem_.sparse()) {
            widen_row(problem_, row, room_);
            for (std::size_t j = 0; j < room_.size(); ++j) visit(j, room_[j]);
            return;
        }
        const T* values = static_cast<const T*>(problem_.X.values);
        const std::int64_t begin = problem_.offset_at(row);
        const std::int64_t end = problem_.offset_at(row + 1);
        columns_.clear();
        for (std::int64_t e = begin; e < end; ++e) {
            const auto j = static_cast<std::size_t>(problem_.column_at(e));
            if (!listed_[j]) columns_.push_back(j);
            listed_[j] = true;
            room_[j] += values[e];
        }
        for (const std::size_t j : columns_) {
            visit(j, room_[j]);
            room_[j] = T(0);
            listed_[j] = false;
        }
    }

private:
    const Problem<T>& problem_;
    std::vector<T> room_;
    std::vector<bool> listed_;
    std::vector<std::size_t> columns_;
};

}  // namespace fastgd
