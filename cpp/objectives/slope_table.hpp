#pragma once

#include <algorithm>
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

    // What a batch's derivatives are multiplied by once they are corrected, for each model.
    void begin_batch(const T* factor, int n_outputs) {
        factor_ = factor;
        n_outputs_ = n_outputs;
    }
    // Whether the derivatives replace those of the table.
    void set_writes(bool writes) { writes_ = writes; }
    void clear() { slopes_.clear(); }
    // One model's.
    void clear(int m, int n_outputs) {
        const auto size = static_cast<std::ptrdiff_t>(slopes_.size());
        for (std::ptrdiff_t at = std::ptrdiff_t{m} * n_outputs; at < size; at += n_scores_)
            std::fill_n(slopes_.data() + at, n_outputs, T(0));
    }

    void serialize(int m, int n_outputs, Archive& archive) {
        archive(writes_);
        const auto size = static_cast<std::ptrdiff_t>(slopes_.size());
        for (std::ptrdiff_t at = std::ptrdiff_t{m} * n_outputs; at < size; at += n_scores_)
            for (int k = 0; k < n_outputs; ++k) archive(slopes_[static_cast<std::size_t>(at + k)]);
    }

    // Derivatives less those of the table. A row that comes again in its batch finds what it left there.
    void correct(ScoreBlock<T>& scores, const RowBlock<T>& block, std::ptrdiff_t first, std::ptrdiff_t count) {
        for (std::ptrdiff_t r = 0; r < count; ++r) {
            T* row = slopes_.data() + block.index(first + r) * n_scores_;
            for (std::ptrdiff_t s = 0; s < n_scores_; ++s) {
                T& derivative = scores.dloss[static_cast<std::size_t>(s * scores.stride + r)];
                const T slope = derivative;
                derivative = (slope - row[s]) * factor_[s / n_outputs_];
                if (writes_) row[s] = slope;
            }
        }
    }

private:
    std::ptrdiff_t n_scores_;
    AlignedBuffer<T> slopes_;
    const T* factor_ = nullptr;
    std::ptrdiff_t n_outputs_ = 1;
    bool writes_ = true;
};

}  // namespace fastgd
