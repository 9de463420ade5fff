#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "neighbors/candidates.hpp"
#include "neighbors/double_row.hpp"
#include "neighbors/query_products.hpp"
#include "neighbors/screen.hpp"
#include "runtime/aligned_buffer.hpp"

namespace fastgd {

// Rows of a matrix in the order in which a search sees them: in blocks, far from one another. Where rows are sorted,
// those that come later might all be nearer than those before.
class BlockOrder {
public:
    static constexpr std::int64_t kRows = 64;

    BlockOrder(std::int64_t n_rows, std::int64_t part, std::int64_t n_parts) : n_rows_(n_rows) {
        const std::int64_t n_blocks = (n_rows + kRows - 1) / kRows;
        first_ = n_blocks * part / n_parts;
        count_ = n_blocks * (part + 1) / n_parts - first_;
        stride_ = std::max<std::int64_t>(1, count_ * 5 / 8);
        while (std::gcd(stride_, count_) > 1) ++stride_;
    }
    std::int64_t count() const { return count_; }
    std::int64_t begin(std::int64_t i) const { return (first_ + i * stride_ % count_) * kRows; }
    std::int64_t end(std::int64_t i) const { return std::min(begin(i) + kRows, n_rows_); }

private:
    std::int64_t n_rows_;
    std::int64_t first_;
    std::int64_t count_;
    std::int64_t stride_;
};

// Some queries and some of the rows: what a thread searches by itself.
struct Search {
    std::int64_t first;
    std::int64_t count;
    std::int64_t part;
};

// Searches one after the other, step by step, on one thread.
template <class T>
class QueryGroup {
public:
    QueryGroup(const Screen<T>& screen, const MatrixView& Z, bool in_lists, std::int64_t k, bool without_self,
               std::int64_t n_parts, std::int64_t most_queries, std::int64_t most_settled)
        : screen_(screen),
          without_self_(without_self),
          n_parts_(n_parts),
          most_settled_(most_settled),
          row_(screen.X()),
          query_(Z),
          stride_(round_up(most_queries, kLaneAlign)),
          products_(screen, in_lists, most_queries, BlockOrder::kRows),
          limit_(static_cast<std::size_t>(stride_)),
          dot_(static_cast<std::size_t>(stride_ * BlockOrder::kRows)),
          margin_(static_cast<std::size_t>(most_queries)),
          hits_(static_cast<std::size_t>(stride_ * BlockOrder::kRows / kLaneAlign * 2)),
          order_(screen.X().n_rows, 0, n_parts) {
        candidates_.reserve(static_cast<std::size_t>(most_queries));
        for (std::int64_t q = 0; q < most_queries; ++q) candidates_.emplace_back(k);
    }

    // False where a query is not finite.
    bool begin(const Search& search) {
        search_ = search;
        order_ = BlockOrder(screen_.X().n_rows, search.part, n_parts_);
        n_units_ = round_up(search.count, kLaneAlign);
        next_block_ = next_query_ = n_settled_ = 0;
        products_.begin(n_units_);
        std::fill_n(limit_.data(), n_units_, -std::numeric_limits<T>::infinity());
        for (std::int64_t q = 0; q < search.count; ++q)
            if (!put(q)) return false;
        products_.end();
        return true;
    }

    // Whether there is more to do. found(query, neighbors) is called for each query in the end.
    template <class Found>
    bool step(Found&& found) {
        if (next_block_ < order_.count()) {
            look_at(order_.begin(next_block_), order_.end(next_block_));
            ++next_block_;
            return true;
        }
        if (next_query_ == search_.count) return false;
        const std::int64_t q = next_query_++;
        of(candidates_, q).forget_above(static_cast<double>(limit_[static_cast<std::size_t>(q)]));
        settle(q);
        found(search_.first + q, of(candidates_, q).sorted());
        return next_query_ < search_.count;
    }

    // Whether so many distances had to be computed that products in T are of no use.
    bool gives_up() const { return n_settled_ > most_settled_ * search_.count; }
    const Search& search() const { return search_; }

private:
    template <class Items>
    static auto& of(Items& items, std::int64_t i) {
        return items[static_cast<std::size_t>(i)];
    }

    bool put(std::int64_t q) {
        query_.read(search_.first + q);
        in_query_ = search_.first + q;
        const double half_norm = products_.put(q, query_);
        if (!std::isfinite(half_norm) && !query_.finite()) return false;
        of(margin_, q) = screen_.margin(half_norm);
        of(candidates_, q).clear();
        set_limit(q);
        return true;
    }

    void set_limit(std::int64_t q) {
        limit_[static_cast<std::size_t>(q)] = Screen<T>::limit(of(candidates_, q).bound() + of(margin_, q));
    }

    void look_at(std::int64_t begin, std::int64_t end) {
        products_.multiply(begin, end, dot_.data(), stride_);
        const std::ptrdiff_t n_hits = screen_.kernels().screen(
            {dot_.data(), stride_, end - begin, n_units_, screen_.row_terms(begin), limit_.data(), hits_.data()});
        constexpr std::ptrdiff_t lanes = static_cast<std::ptrdiff_t>(64 / sizeof(T));
        for (std::ptrdiff_t h = 0; h < n_hits; ++h) {
            const std::int64_t r = of(hits_, h) / n_units_;
            const std::int64_t unit = of(hits_, h) % n_units_;
            const T* low = dot_.data() + r * stride_ + unit;
            for (std::ptrdiff_t i = 0; i < std::min<std::ptrdiff_t>(lanes, search_.count - unit); ++i)
                if (!(low[i] > limit_[static_cast<std::size_t>(unit + i)])) offer(unit + i, begin + r, low[i]);
        }
    }

    void offer(std::int64_t q, std::int64_t row, T low) {
        if (without_self_ && row == search_.first + q) return;
        Candidates& candidates = of(candidates_, q);
        const double high = std::isfinite(low) ? static_cast<double>(low) + static_cast<double>(screen_.slack(row))
                                               : std::numeric_limits<double>::infinity();
        if (candidates.add(row, static_cast<double>(low), high)) set_limit(q);
        if (!candidates.full()) return;
        if (!candidates.forget_above(static_cast<double>(limit_[static_cast<std::size_t>(q)]))) settle(q);
    }

    void settle(std::int64_t q) {
        if (in_query_ != search_.first + q) query_.read(search_.first + q);
        in_query_ = search_.first + q;
        n_settled_ += of(candidates_, q).n_waiting();
        of(candidates_, q).settle([&](std::int64_t row) {
            row_.read(row);
            return squared_distance(row_, query_);
        });
    }

    const Screen<T>& screen_;
    bool without_self_;
    std::int64_t n_parts_;
    std::int64_t most_settled_;
    DoubleRow row_;
    DoubleRow query_;
    // Which query is in query_.
    std::int64_t in_query_ = -1;
    // Distance between the products of two rows.
    std::ptrdiff_t stride_;
    QueryProducts<T> products_;
    AlignedBuffer<T> limit_;
    AlignedBuffer<T> dot_;
    std::vector<double> margin_;
    std::vector<std::int32_t> hits_;
    std::vector<Candidates> candidates_;
    Search search_{};
    BlockOrder order_;
    std::ptrdiff_t n_units_ = 0;
    std::int64_t next_block_ = 0;
    std::int64_t next_query_ = 0;
    std::int64_t n_settled_ = 0;
};

}  // namespace fastgd
