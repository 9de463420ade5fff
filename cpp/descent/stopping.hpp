#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "runtime/archive.hpp"

namespace fastgd {

// What a model converged by.
enum class ConvergedBy : std::uint8_t { none, tol, gtol, gap_tol, line_search };

// A model has converged when the best loss of its last n_iter_no_change epochs is not lower, by the relative amount
// tol, than the best before them.
class Convergence {
public:
    Convergence(std::optional<double> tol, std::int64_t n_iter_no_change)
        : tol_(tol), window_(static_cast<std::size_t>(n_iter_no_change)) {}

    // Called with the loss of each epoch.
    bool reached(double loss) {
        if (!tol_) return false;
        recent_.push_back(loss);
        if (recent_.size() > window_) {
            best_before_ = std::min(best_before_, recent_.front());
            recent_.erase(recent_.begin());
        } else {
            return false;
        }
        const double best = *std::min_element(recent_.begin(), recent_.end());
        return best > best_before_ - *tol_ * std::abs(best_before_);
    }

    void serialize(Archive& archive) {
        archive.resizable(recent_);
        archive(best_before_);
    }

private:
    std::optional<double> tol_;
    std::size_t window_;
    std::vector<double> recent_;
    double best_before_ = std::numeric_limits<double>::infinity();
};

}  // namespace fastgd
