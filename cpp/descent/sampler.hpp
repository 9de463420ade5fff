#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "descent/run.hpp"
#include "runtime/permutation.hpp"

namespace fastgd {

// In which order an epoch visits the rows, cut into batches. The order is made ahead in slices, never as a whole.
class Sampler {
public:
    struct Options {
        std::int64_t n_rows;
        std::int64_t batch_size;
        bool shuffle;
        std::uint64_t seed;
        std::function<std::vector<std::int64_t>(std::int64_t)> order;
        // Rows that weigh nothing do not count, and batches of such rows drop out.
        std::function<bool(std::int64_t)> present;
        // Which of n_folds each row belongs to; empty without folds.
        std::span<const std::int32_t> fold;
        int n_folds;
    };

    explicit Sampler(Options options);

    // Throws std::out_of_range where a given order names a row that does not exist.
    // `position`: rows of it that have been visited before.
    void start_epoch(std::int64_t epoch, std::int64_t position = 0);
    std::int64_t position() const { return position_; }
    bool epoch_done() const { return position_ >= epoch_rows_; }

    // The next whole batches, up to about `max_rows` rows; at least one batch.
    void next(std::int64_t max_rows);
    const std::vector<std::int64_t>& rows() const { return rows_; }
    const std::vector<std::int64_t>& batch_ends() const { return batch_ends_; }
    // How many rows of a batch count, outside of a fold; for `fold` -1 all that do.
    std::int64_t n_present(std::size_t batch, int fold) const {
        return present_[batch * n_lines() + static_cast<std::size_t>(fold < 0 ? options_.n_folds : fold)];
    }

private:
    void fill_rows(std::int64_t count);
    void count_present();
    std::size_t in_fold(std::int64_t row) const {
        return static_cast<std::size_t>(options_.fold[static_cast<std::size_t>(row)]);
    }
    std::size_t n_lines() const { return static_cast<std::size_t>(options_.n_folds) + 1; }

    Options options_;
    std::optional<Permutation> permutation_;
    std::vector<std::int64_t> order_;
    std::int64_t epoch_rows_ = 0;
    std::int64_t position_ = 0;
    std::vector<std::int64_t> rows_;
    std::vector<std::int64_t> batch_ends_;
    // [batch][fold, and all]
    std::vector<std::int64_t> present_;
    // Of the batch at hand.
    std::vector<std::int64_t> counts_;
};

}  // namespace fastgd
