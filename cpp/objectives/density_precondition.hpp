#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "objectives/density_model.hpp"

namespace fastgd {

// The inverse of an estimate of F's Hessian, with the shares of the components in the rows held: where a component has
// the share q of all rows, and these the second moments A = L L' about its mean, with reg_covar, its mean has q A^-1,
// and column j of its factor, whose last entry is u = log U_jj,
//   q (D A_j D + e e') = q D L_j diag(1, ..., 1, 1 + 1 / t^2) L_j' D,  t = U_jj L_jj,
// A_j and L_j the leading rows and columns, e the last unit vector, D = diag(1, ..., 1, U_jj): but for the slope in u,
// taken to be that at the column's minimum, this is the Hessian, however far U is from there. The logits have the
// weights. This takes out what correlations and scales do to descent.
class DensityPrecondition {
public:
    // None where second moments are not positive definite.
    static std::shared_ptr<const DensityPrecondition> of(const DensityShape& shape, const double* w,
                                                         const DensitySums& sums, double n_rows, double rounding) {
        auto made = std::make_shared<DensityPrecondition>(shape);
        for (std::ptrdiff_t k = 0; k < shape.n_components; ++k) {
            // Components that have less than a row are as those that have one.
            const double share = std::max(sums.share[static_cast<std::size_t>(k)], 1.0);
            made->weight_.push_back(share / n_rows);
            const double* moments = sums.factor.data() + k * shape.factor_size();
            if (!made->take(w + shape.factor_at(k), moments, share, rounding)) return nullptr;
        }
        return made;
    }

    explicit DensityPrecondition(const DensityShape& shape) : shape_(shape) {}

    // v = H^-1 v
    void multiply(std::span<double> v) const {
        for (std::ptrdiff_t k = 0; k < shape_.n_logits(); ++k)
            v[static_cast<std::size_t>(k)] /= weight_[static_cast<std::size_t>(k)];
        for (std::ptrdiff_t k = 0; k < shape_.n_components; ++k) {
            const double weight = weight_[static_cast<std::size_t>(k)];
            double* mean = v.data() + shape_.mean_at(k);
            double* factor = v.data() + shape_.factor_at(k);
            if (shape_.diagonal) {
                for (std::ptrdiff_t j = 0; j < shape_.n_features; ++j) {
                    mean[j] *= lower(k, j, j) * lower(k, j, j) / weight;
                    factor[j] /= (1.0 + square(root(k, j) * lower(k, j, j))) * weight;
                }
                continue;
            }
            apply_moments(k, mean);
            for (std::ptrdiff_t j = 0; j < shape_.n_features; ++j) mean[j] /= weight;
            for (std::ptrdiff_t j = 0; j < shape_.n_features; ++j, factor += j) {
                const double squares = square(root(k, j) * lower(k, j, j));
                factor[j] /= root(k, j);
                solve_lower(k, factor, j + 1);
                factor[j] *= squares / (1.0 + squares);
                solve_upper(k, factor, j + 1);
                factor[j] /= root(k, j);
                for (std::ptrdiff_t i = 0; i <= j; ++i) factor[i] /= weight;
            }
        }
    }

private:
    static double square(double x) { return x * x; }
    double root(std::ptrdiff_t k, std::ptrdiff_t j) const {
        return root_[static_cast<std::size_t>(k * shape_.n_features + j)];
    }
    double lower(std::ptrdiff_t k, std::ptrdiff_t i, std::ptrdiff_t j) const {
        return lower_[static_cast<std::size_t>(k)][index(i, j)];
    }
    std::size_t index(std::ptrdiff_t i, std::ptrdiff_t j) const {
        return static_cast<std::size_t>(shape_.diagonal ? j : i * shape_.n_features + j);
    }

    // L of a component, whose sums of c_i y_j, y = U'c, are S U in the upper triangle: column after column of it gives
    // another one of S, as S is symmetric.
    bool take(const double* factor, const double* moments, double share, double rounding) {
        const std::ptrdiff_t d = shape_.n_features;
        std::vector<double> a(static_cast<std::size_t>(shape_.diagonal ? d : d * d));
        const auto scale = [&](std::ptrdiff_t i) { return shape_.scale[static_cast<std::size_t>(i)]; };
        std::ptrdiff_t column = 0;
        double trace = 0.0;
        for (std::ptrdiff_t j = 0; j < d; ++j) {
            const double root = scalar::exp(factor[shape_.diagonal ? j : column + j]);
            root_.push_back(root);
            for (std::ptrdiff_t i = shape_.diagonal ? j : 0; i <= j; ++i) {
                // U of the rows as they are is that of standardised ones, divided by their scale.
                double sum = moments[shape_.diagonal ? j : column + i] / scale(i);
                for (std::ptrdiff_t l = 0; l < j && !shape_.diagonal; ++l) sum -= a[index(i, l)] * factor[column + l];
                a[index(i, j)] = a[index(j, i)] = sum / root;
            }
            trace += a[index(j, j)];
            column += j + 1;
        }
        for (double& entry : a) entry /= share;
        for (std::ptrdiff_t j = 0; j < d; ++j)
            a[index(j, j)] +=
                shape_.reg_covar / (scale(j) * scale(j)) + rounding * trace / share / static_cast<double>(d);
        return factorize(std::move(a));
    }

    bool factorize(std::vector<double> a) {
        for (std::ptrdiff_t j = 0; j < shape_.n_features; ++j)
            for (std::ptrdiff_t i = j; i < (shape_.diagonal ? j + 1 : shape_.n_features); ++i) {
                double sum = a[index(i, j)];
                for (std::ptrdiff_t l = 0; l < j && !shape_.diagonal; ++l) sum -= a[index(i, l)] * a[index(j, l)];
                if (i == j && !(sum > 0.0 && std::isfinite(sum))) return false;
                a[index(i, j)] = i == j ? std::sqrt(sum) : sum / a[index(j, j)];
            }
        lower_.push_back(std::move(a));
        return true;
    }

    // x = L^-1 x and x = L^-T x, of the leading n rows and columns.
    void solve_lower(std::ptrdiff_t k, double* x, std::ptrdiff_t n) const {
        for (std::ptrdiff_t i = 0; i < n; ++i) {
            for (std::ptrdiff_t l = 0; l < i; ++l) x[i] -= lower(k, i, l) * x[l];
            x[i] /= lower(k, i, i);
        }
    }
    void solve_upper(std::ptrdiff_t k, double* x, std::ptrdiff_t n) const {
        for (std::ptrdiff_t i = n - 1; i >= 0; --i) {
            x[i] /= lower(k, i, i);
            for (std::ptrdiff_t l = 0; l < i; ++l) x[l] -= lower(k, i, l) * x[i];
        }
    }
    // x = L L' x
    void apply_moments(std::ptrdiff_t k, double* x) const {
        const std::ptrdiff_t d = shape_.n_features;
        for (std::ptrdiff_t j = 0; j < d; ++j) {
            double sum = 0.0;
            for (std::ptrdiff_t i = j; i < d; ++i) sum += lower(k, i, j) * x[i];
            x[j] = sum;
        }
        for (std::ptrdiff_t i = d - 1; i >= 0; --i) {
            double sum = 0.0;
            for (std::ptrdiff_t j = 0; j <= i; ++j) sum += lower(k, i, j) * x[j];
            x[i] = sum;
        }
    }

    const DensityShape& shape_;
    std::vector<double> weight_;
    // U_jj, component after component.
    std::vector<double> root_;
    // One a component: L, or its diagonal.
    std::vector<std::vector<double>> lower_;
};

}  // namespace fastgd
