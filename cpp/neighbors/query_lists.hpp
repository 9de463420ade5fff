#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "fastgd/matrix_view.hpp"
#include "neighbors/double_row.hpp"

namespace fastgd {

// Some sparse queries by their columns: of each column which queries have an entry, and what it is. Of sparse rows and
// sparse queries few columns meet, and no others are looked at.
template <class T>
class QueryLists {
public:
    // Whether so few columns of the queries have entries that vectors of all of them would be mostly zeros.
    static bool suit(const MatrixView& X, const MatrixView& Z) {
        constexpr std::int64_t kSparse = 32;
        return is_sparse(X.storage) && is_sparse(Z.storage) && n_entries(Z) / Z.n_rows * kSparse <= Z.n_cols;
    }

    explicit QueryLists(std::int64_t n_cols) : begin_(static_cast<std::size_t>(n_cols + 1)) {}

    void clear() { given_.clear(); }
    void add(std::int32_t query, std::int64_t column, T value) { given_.push_back({column, query, value}); }
    // After the last of them: sorted by columns, each of which keeps its queries' order.
    void sort() {
        std::fill(begin_.begin(), begin_.end(), 0);
        for (const Given& entry : given_) ++begin_[static_cast<std::size_t>(entry.column)];
        std::int64_t sum = 0;
        for (std::int64_t& count : begin_) sum += std::exchange(count, sum);
        entries_.resize(given_.size());
        for (const Given& entry : given_)
            entries_[static_cast<std::size_t>(begin_[static_cast<std::size_t>(entry.column)]++)] = {entry.query,
                                                                                                    entry.value};
        // Each column begins where the one before it has ended.
        std::move_backward(begin_.begin(), begin_.end() - 1, begin_.end());
        begin_.front() = 0;
    }

    // dot[query] += x.query for a row of X, whose values are of type T.
    void multiply(const MatrixView& X, std::int64_t row, T* dot) const {
        index_size(X.storage) == 4 ? add_row<std::int32_t>(X, row, dot) : add_row<std::int64_t>(X, row, dot);
    }

private:
    struct Given {
        std::int64_t column;
        std::int32_t query;
        T value;
    };
    struct Entry {
        std::int32_t query;
        T value;
    };

    template <class I>
    void add_row(const MatrixView& X, std::int64_t row, T* dot) const {
        const I* offsets = static_cast<const I*>(X.data) + row;
        const I* indices = static_cast<const I*>(X.indices);
        const T* values = static_cast<const T*>(X.values);
        for (I e = offsets[0]; e < offsets[1]; ++e) {
            const std::int64_t* list = begin_.data() + indices[e];
            const T x = values[e];
            for (std::int64_t i = list[0]; i < list[1]; ++i) {
                const Entry& entry = entries_[static_cast<std::size_t>(i)];
                dot[entry.query] += x * entry.value;
            }
        }
    }

    std::vector<Given> given_;
    std::vector<std::int64_t> begin_;
    std::vector<Entry> entries_;
};

}  // namespace fastgd
