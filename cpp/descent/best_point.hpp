#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "runtime/archive.hpp"

namespace fastgd {

// Parameters with the objective, its gradient and the norm by which that is judged.
struct Point {
    std::vector<double> x;
    std::vector<double> grad;
    double value = 0.0;
    double norm = 0.0;

    // What a first step along the gradient is multiplied by, where nothing is known of the curvature. Its length is 1,
    // or where that is less, that to the minimum of a parabola whose value there is 0; but a value that is near 0 by
    // chance makes no step that would drown beside x, whose length is given.
    double scale(double x_length) const {
        if (value == 0.0) return 1.0 / norm;
        return std::min(1.0, std::max(2.0 * std::abs(value) / norm, kLeastStep * x_length)) / norm;
    }
    static constexpr double kLeastStep = 0x1p-26;

    void serialize(Archive& archive) {
        archive(x);
        archive(grad);
        archive(value);
        archive(norm);
    }
};

// The best of the points of a search, and whether it still gets better. Values that differ by no more than `noise`
// times their size count as equal, and of points with equal values the one with the smaller gradient is the better one.
class BestPoint {
public:
    BestPoint(const Point& start, double noise) : noise_(noise), best_(start) {
        best_.value = best_.norm = std::numeric_limits<double>::quiet_NaN();
    }

    void begin(const Point& point) {
        best_ = point;
        lowest_ = mark_value_ = point.value;
        mark_norm_ = point.norm;
    }
    void see(const Point& point) {
        lowest_ = std::min(lowest_, point.value);
        const double equal_below = lowest_ + noise_ * std::abs(lowest_);
        if (point.value > equal_below) return;
        if (best_.value > equal_below || point.norm < best_.norm) best_ = point;
    }
    // Whether it is lower than `value`, by more than the noise.
    bool is_below(double value) const { return best_.value < value - noise_ * std::abs(value); }

    // To be asked after every accepted step: so many in a row without progress beyond the noise are the end.
    bool is_stalled() {
        constexpr int kMaxStalls = 10;
        if (is_below(mark_value_) || best_.norm < 0.5 * mark_norm_) {
            mark_value_ = best_.value;
            mark_norm_ = best_.norm;
            n_stalls_ = 0;
            return false;
        }
        return ++n_stalls_ == kMaxStalls;
    }

    const Point& operator*() const { return best_; }
    const Point* operator->() const { return &best_; }

    void serialize(Archive& archive) {
        best_.serialize(archive);
        archive(lowest_);
        archive(mark_value_);
        archive(mark_norm_);
        archive(n_stalls_);
    }

private:
    double noise_;
    Point best_;
    double lowest_ = 0.0;
    // What the best point was when progress was last made, and the accepted steps since.
    double mark_value_ = 0.0;
    double mark_norm_ = 0.0;
    int n_stalls_ = 0;
};

}  // namespace fastgd
