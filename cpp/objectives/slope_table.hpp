#pragma once

#include <vector>

#include "objectives/score_block.hpp"

namespace fastgd {

// The loss's derivatives of each row, as an optimiser for finite sums remembers them: of models side by side, divided
// by the mean weight of the rows.
template <class T>
class SlopeTable {
public:
    SlopeTable(std::int64_t n_rows, std::ptrdiff_t n_scores)
        : n_scores_(n_scores), slopes_(static_cast<std::size_t>(n_rows * n_scores)) {}

    // What a batch's derivatives are multiplied by once they are corrected: one over its number of rows.
    void begin_batch(std::int64_t n_rows) { share_ = static_cast<T>(1.0 / static_cast<double>(n_rows)); }
    // Whether the derivatives replace those of the table.
    void set_writes(bool writes) { writes_ = writes; }
    void clear() { slopes_.clear(); }

    // Derivatives less those of the table. A row that comes again in its batch finds what it left there.
    void correct(ScoreBlock<T>& scores, const RowBlock<T>& block, std::ptrdiff_t first, std::ptrdiff_t count) {
        for (std::ptrdiff_t r = 0; r < count; ++r) {
            T* row = slopes_.data() + block.index(first + r) * n_scores_;
            for (std::ptrdiff_t s = 0; s < n_scores_; ++s) {
                T& derivative = scores.dloss[static_cast<std::size_t>(s * scores.stride + r)];
                const T slope = derivative;
                derivative = (slope - row[s]) * share_;
                if (writes_) row[s] = slope;
            }
        }
    }

private:
    std::ptrdiff_t n_scores_;
    AlignedBuffer<T> slopes_;
    T share_ = T(1);
    bool writes_ = true;
};

}  // namespace fastgd
