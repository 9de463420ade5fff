#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "fastgd/objective.hpp"

namespace fastgd {

// Which rows each model sees: those of positive weight outside of the fold that it holds out.
class Folds {
public:
    // Throws std::invalid_argument for folds that do not fit the rows or models, and where a model sees no row.
    Folds(const Objective& objective, const std::vector<std::int32_t>& of_row, const std::vector<int>& of_model,
          std::size_t n_models)
        : of_model_(of_model), n_seen_(n_models) {
        const std::int64_t n = objective.n_samples();
        require(of_row.empty() || of_row.size() == static_cast<std::size_t>(n), "fold_of_row must have a fold a row");
        require(of_model.size() == (of_row.empty() ? 0 : n_models), "fold_of_model must have a fold a model");
        for (const std::int32_t fold : of_row) {
            require(fold >= 0 && fold < std::numeric_limits<std::int32_t>::max(), "fold_of_row must be folds from 0");
            count_ = std::max(count_, fold + 1);
        }
        for (const int fold : of_model) require(fold >= -1 && fold < count_, "fold_of_model must name folds, or -1");
        std::int64_t n_present = 0;
        std::vector<std::int64_t> n_in_fold(static_cast<std::size_t>(count_));
        for (std::int64_t i = 0; i < n; ++i) {
            if (objective.weighted() && !objective.present(i)) continue;
            ++n_present;
            if (count_ > 0) ++n_in_fold[static_cast<std::size_t>(of_row[static_cast<std::size_t>(i)])];
        }
        for (std::size_t m = 0; m < n_models; ++m)
            n_seen_[m] = n_present - (of(m) < 0 ? 0 : n_in_fold[static_cast<std::size_t>(of(m))]);
        require(std::all_of(n_seen_.begin(), n_seen_.end(), [](std::int64_t seen) { return seen > 0; }),
                "every model must see a row of positive weight");
    }

    // 0 without folds.
    int count() const { return count_; }
    // -1 for none.
    int of(std::size_t model) const { return count_ > 0 ? of_model_[model] : -1; }
    const std::vector<std::int64_t>& n_seen() const { return n_seen_; }

private:
    static void require(bool condition, const char* message) {
        if (!condition) throw std::invalid_argument(message);
    }

    std::vector<int> of_model_;
    std::vector<std::int64_t> n_seen_;
    int count_ = 0;
};

}  // namespace fastgd
