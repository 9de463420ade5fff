#pragma once

#include <cmath>
#include <cstdint>

namespace fastgd {

// alpha ((1 - l1_ratio) / 2 ||coef||^2 + l1_ratio ||coef||_1)
struct Penalty {
    double alpha = 0.0;
    double l1_ratio = 0.0;
    double l2() const { return alpha * (1.0 - l1_ratio); }
    double l1() const { return alpha * l1_ratio; }
    // Of n coefficients.
    double value(const double* coef, std::int64_t n) const {
        double squares = 0.0;
        double absolutes = 0.0;
        for (std::int64_t i = 0; i < n; ++i) {
            squares += coef[i] * coef[i];
            absolutes += coef[i] < 0.0 ? -coef[i] : coef[i];
        }
        // The sums may be infinite, and 0 times infinity is NaN.
        return (l2() > 0.0 ? 0.5 * l2() * squares : 0.0) + (l1() > 0.0 ? l1() * absolutes : 0.0);
    }
    void add_gradient(const double* coef, double* grad, std::int64_t n) const {
        for (std::int64_t i = 0; i < n; ++i)
            grad[i] += l2() * coef[i] + l1() * static_cast<double>((coef[i] > 0.0) - (coef[i] < 0.0));
    }
    // The squared Euclidean norm of the subgradient of least norm, which is what vanishes at a minimum; of n_params
    // entries of a gradient that has this penalty's in it, of which the first n belong to coefficients.
    double least_square_norm(const double* coef, const double* grad, std::int64_t n, std::int64_t n_params) const {
        double squares = 0.0;
        for (std::int64_t i = 0; i < n_params; ++i) {
            double g = grad[i];
            if (i < n && coef[i] == 0.0) g = g > l1() ? g - l1() : g < -l1() ? g + l1() : 0.0;
            squares += g * g;
        }
        return squares;
    }
    double least_norm(const double* coef, const double* grad, std::int64_t n, std::int64_t n_params) const {
        return std::sqrt(least_square_norm(coef, grad, n, n_params));
    }
};

}  // namespace fastgd
