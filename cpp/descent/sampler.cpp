#include "descent/sampler.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

namespace fastgd {

Sampler::Sampler(Options options) : options_(std::move(options)) {}

void Sampler::start_epoch(std::int64_t epoch, std::int64_t position) {
    position_ = position;
    epoch_rows_ = options_.n_rows;
    if (options_.order) {
        order_ = options_.order(epoch);
        for (const std::int64_t row : order_)
            if (row < 0 || row >= options_.n_rows)
                throw std::out_of_range("order must hold rows in 0.." + std::to_string(options_.n_rows - 1) + ", got " +
                                        std::to_string(row) + " in epoch " + std::to_string(epoch));
        epoch_rows_ = static_cast<std::int64_t>(order_.size());
    } else if (options_.shuffle) {
        permutation_.emplace(static_cast<std::uint64_t>(options_.n_rows), options_.seed,
                             static_cast<std::uint64_t>(epoch));
    }
    if (position < 0 || position > epoch_rows_)
        throw std::invalid_argument("checkpoint must be of the same order of rows");
}

void Sampler::next(std::int64_t max_rows) {
    const std::int64_t whole = std::max<std::int64_t>(1, max_rows / options_.batch_size) * options_.batch_size;
    const std::int64_t count = std::min(whole, epoch_rows_ - position_);
    fill_rows(count);
    batch_ends_.clear();
    for (std::int64_t end = options_.batch_size; end < count; end += options_.batch_size) batch_ends_.push_back(end);
    batch_ends_.push_back(count);
    position_ += count;
    count_present();
}

void Sampler::fill_rows(std::int64_t count) {
    rows_.resize(static_cast<std::size_t>(count));
    if (options_.order) {
        std::copy_n(order_.begin() + position_, count, rows_.begin());
    } else if (options_.shuffle) {
        permutation_->fill(static_cast<std::uint64_t>(position_), rows_.size(), rows_.data());
    } else {
        std::iota(rows_.begin(), rows_.end(), position_);
    }
}

void Sampler::count_present() {
    present_.clear();
    if (!options_.present && options_.n_folds == 0) {
        std::adjacent_difference(batch_ends_.begin(), batch_ends_.end(), std::back_inserter(present_));
        return;
    }
    std::size_t kept = 0;
    std::size_t n_batches = 0;
    std::size_t begin = 0;
    for (const std::int64_t batch_end : batch_ends_) {
        const auto end = static_cast<std::size_t>(batch_end);
        counts_.assign(n_lines(), 0);
        for (std::size_t i = begin; i < end; ++i) {
            if (options_.present && !options_.present(rows_[i])) continue;
            ++counts_.back();
            if (options_.n_folds > 0) ++counts_[in_fold(rows_[i])];
        }
        if (counts_.back() > 0) {
            for (std::size_t f = 0; f + 1 < counts_.size(); ++f) counts_[f] = counts_.back() - counts_[f];
            std::copy(rows_.begin() + static_cast<std::ptrdiff_t>(begin), rows_.begin() + batch_end,
                      rows_.begin() + static_cast<std::ptrdiff_t>(kept));
            kept += end - begin;
            batch_ends_[n_batches++] = static_cast<std::int64_t>(kept);
            present_.insert(present_.end(), counts_.begin(), counts_.end());
        }
        begin = end;
    }
    rows_.resize(kept);
    batch_ends_.resize(n_batches);
}

}  // namespace fastgd
