#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "neighbors/double_row.hpp"
#include "neighbors/query_lists.hpp"
#include "neighbors/screen.hpp"
#include "runtime/aligned_buffer.hpp"
#include "runtime/row_buffer.hpp"

namespace fastgd {

// Some queries as products with rows want them, and these products: shifted, scaled and rounded as rows are, in panels
// of the width of those of a layer's units, or by columns where rows and queries are sparse.
template <class T>
class QueryProducts {
public:
    QueryProducts(const Screen<T>& screen, bool in_lists, std::int64_t most_queries, std::int64_t most_rows)
        : screen_(screen),
          in_lists_(in_lists),
          panels_(in_lists ? 0 : static_cast<std::size_t>(round_up(most_queries, kLaneAlign) * screen.X().n_cols)),
          zeros_(static_cast<std::size_t>(round_up(most_queries, kLaneAlign))),
          lists_(in_lists ? screen.X().n_cols : 0),
          rows_(static_cast<std::size_t>(most_rows + kRowTile)) {
        if (!sparse()) centered_ = RowBuffer<T>(most_rows, std::min(kColumns, screen.X().n_cols));
    }

    void begin(std::ptrdiff_t n_units) {
        n_units_ = n_units;
        panels_.clear();
        lists_.clear();
    }
    // Half the squared norm of the query as it is put here.
    double put(std::int64_t query, const DoubleRow& z) {
        double half_norm = 0.0;
        const auto rounded = [&](std::int64_t j) {
            const auto column = static_cast<std::size_t>(j);
            const double distance = z.values()[column] - static_cast<double>(screen_.shift()[column]);
            const T x = static_cast<T>(distance * static_cast<double>(screen_.scale()));
            half_norm += 0.5 * static_cast<double>(x) * static_cast<double>(x);
            return x;
        };
        if (in_lists_) {
            for (const std::int64_t j : z.columns()) lists_.add(static_cast<std::int32_t>(query), j, rounded(j));
            return half_norm;
        }
        const std::int64_t panel = query / kUnitPanel<T> * kUnitPanel<T>;
        const std::ptrdiff_t width = std::min<std::ptrdiff_t>(n_units_ - panel, kUnitPanel<T>);
        T* to = panels_.data() + panel * screen_.X().n_cols + (query - panel);
        for (std::int64_t j = 0; j < screen_.X().n_cols; ++j) to[j * width] = rounded(j);
        return half_norm;
    }
    // After the last of them.
    void end() {
        if (in_lists_) lists_.sort();
    }

    // dot[row][query] of rows begin..end and all queries, each a sum in the order of columns, or of entries.
    void multiply(std::int64_t begin, std::int64_t end, T* dot, std::ptrdiff_t stride) {
        const MatrixView& X = screen_.X();
        if (in_lists_) {
            for (std::int64_t i = begin; i < end; ++i) {
                T* of_row = dot + (i - begin) * stride;
                std::fill_n(of_row, n_units_, T(0));
                lists_.multiply(X, i, of_row);
            }
            return;
        }
        const auto address = [&X](std::int64_t i) { return static_cast<const std::byte*>(X.data) + i * X.row_stride; };
        for (std::int64_t i = begin; i < end; ++i) rows_[static_cast<std::size_t>(i - begin)] = address(i);
        std::fill_n(rows_.begin() + (end - begin), kRowTile, address(end - 1));
        AffineCall<T> call{};
        call.rows = {rows_.data(), end - begin, nullptr, X.values, X.indices};
        call.input_step = 1;
        call.end = X.n_cols;
        call.last = n_units_;
        call.weight = panels_.data();
        call.panel_stride = kUnitPanel<T> * X.n_cols;
        call.bias = zeros_.data();
        call.out = dot;
        call.out_stride = stride;
        if (sparse()) return screen_.kernels().storage[static_cast<int>(X.storage)].affine(call);
        const Rows rows = call.rows;
        call.rows = centered_.rows(0, end - begin);
        for (std::int64_t column = 0; column < X.n_cols; column = call.end) {
            call.origin = call.begin = column;
            call.end = std::min(column + kColumns, X.n_cols);
            screen_.kernels().center[static_cast<int>(X.storage)](
                {rows, {call.begin, call.end}, screen_.shift(), screen_.scale(), centered_.row(0), centered_.stride()});
            screen_.kernels().native().affine(call);
            call.accumulate = true;
        }
    }

private:
    // Columns that go through a panel of queries at once, so that those stay in L1.
    static constexpr std::int64_t kColumns = 256;

    bool sparse() const { return is_sparse(screen_.X().storage); }

    const Screen<T>& screen_;
    bool in_lists_;
    std::ptrdiff_t n_units_ = 0;
    AlignedBuffer<T> panels_;
    AlignedBuffer<T> zeros_;
    QueryLists<T> lists_;
    RowBuffer<T> centered_;
    std::vector<const std::byte*> rows_;
};

}  // namespace fastgd
