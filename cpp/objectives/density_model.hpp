#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "runtime/scalar_math.hpp"

namespace fastgd {

// Where the parameters of a mixture lie, and what of the data they are about.
struct DensityShape {
    std::ptrdiff_t n_components;
    std::ptrdiff_t n_features;
    bool diagonal;
    double reg_covar;
    // Columns are shifted and divided by these; 0 and 1 without standardising.
    std::vector<double> center;
    std::vector<double> scale;

    std::ptrdiff_t n_logits() const { return n_components > 1 ? n_components : 0; }
    std::ptrdiff_t factor_size() const { return diagonal ? n_features : n_features * (n_features + 1) / 2; }
    std::ptrdiff_t n_params() const { return n_logits() + n_components * (n_features + factor_size()); }
    std::ptrdiff_t mean_at(std::ptrdiff_t k) const { return n_logits() + k * n_features; }
    std::ptrdiff_t factor_at(std::ptrdiff_t k) const {
        return n_logits() + n_components * n_features + k * factor_size();
    }

    // visit(entry, row, column) for all entries of a factor in their order.
    template <class F>
    void visit_factor(F&& visit) const {
        std::ptrdiff_t at = 0;
        for (std::ptrdiff_t j = 0; j < n_features; ++j)
            for (std::ptrdiff_t i = diagonal ? j : 0; i <= j; ++i) visit(static_cast<std::size_t>(at++), i, j);
    }
};

// Sums over rows for one model: of the components' shares, and of what `GaussianSumsCall` says.
struct DensitySums {
    double value = 0.0;
    bool finite = true;
    std::vector<double> share;
    std::vector<double> whitened;
    std::vector<double> factor;

    explicit DensitySums(const DensityShape& shape, bool want_gradient)
        : share(static_cast<std::size_t>(shape.n_components)),
          whitened(want_gradient ? static_cast<std::size_t>(shape.n_components * shape.n_features) : 0),
          factor(want_gradient ? static_cast<std::size_t>(shape.n_components * shape.factor_size()) : 0) {}

    void clear() {
        value = 0.0;
        finite = true;
        for (std::vector<double>* sums : {&share, &whitened, &factor}) std::fill(sums->begin(), sums->end(), 0.0);
    }
    std::int64_t bytes() const {
        return static_cast<std::int64_t>((share.size() + whitened.size() + factor.size()) * sizeof(double));
    }
    void add(const DensitySums& other) {
        const auto add_to = [](std::vector<double>& to, const std::vector<double>& from) {
            for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
        };
        value += other.value;
        finite = finite && other.finite;
        add_to(share, other.share);
        add_to(whitened, other.whitened);
        add_to(factor, other.factor);
    }
};

// A model in double, and as kernels want it: components of rows as they are, less a shift.
template <class T>
class DensityModel {
public:
    // `shift`: none, or one a column. Without the term of reg_covar where densities alone are wanted.
    DensityModel(const DensityShape& shape, const double* w, std::span<const T> shift, bool regularized)
        : shape_(&shape),
          weight_(static_cast<std::size_t>(shape.n_components)),
          root_(static_cast<std::size_t>(shape.n_components * shape.factor_size())),
          mean_(static_cast<std::size_t>(shape.n_components * shape.n_features)),
          factor_(root_.size()),
          constant_(weight_.size()) {
        const std::vector<double> log_weight = log_softmax({w, static_cast<std::size_t>(shape.n_logits())});
        const double log_two_pi = scalar::log(2.0 * 3.14159265358979323846);
        for (std::ptrdiff_t k = 0; k < shape.n_components; ++k) {
            const auto component = static_cast<std::size_t>(k);
            T* mean = mean_.data() + k * shape.n_features;
            for (std::ptrdiff_t j = 0; j < shape.n_features; ++j) {
                const auto column = static_cast<std::size_t>(j);
                const double from = shift.empty() ? 0.0 : static_cast<double>(shift[column]);
                mean[j] = static_cast<T>((shape.center[column] - from) + shape.scale[column] * w[shape.mean_at(k) + j]);
            }
            const double* given = w + shape.factor_at(k);
            double* root = root_.data() + k * shape.factor_size();
            double log_determinant = 0.0;
            double squares = 0.0;
            shape.visit_factor([&](std::size_t at, std::ptrdiff_t i, std::ptrdiff_t j) {
                const double scale = shape.scale[static_cast<std::size_t>(i)];
                root[at] = (i == j ? scalar::exp(given[at]) : given[at]) / scale;
                if (i == j) log_determinant += given[at] - scalar::log(scale);
                squares += root[at] * root[at];
                factor_[component * static_cast<std::size_t>(shape.factor_size()) + at] = static_cast<T>(root[at]);
            });
            weight_[component] = scalar::exp(log_weight[component]);
            double constant = log_weight[component] - 0.5 * static_cast<double>(shape.n_features) * log_two_pi;
            constant += log_determinant;
            if (regularized) constant -= 0.5 * shape.reg_covar * squares;
            constant_[component] = static_cast<T>(constant);
        }
    }

    const T* mean(std::ptrdiff_t k) const { return mean_.data() + k * shape_->n_features; }
    const T* factor(std::ptrdiff_t k) const { return factor_.data() + k * shape_->factor_size(); }
    T constant(std::ptrdiff_t k) const { return constant_[static_cast<std::size_t>(k)]; }

    // dF/dw = -(1/n) sum_k,rows share_k dterm_k/dw, with y = U'(z - mu):
    //   dterm/dmu = U y,  dterm/dU_ij = -(z - mu)_i y_j - reg U_ij,  and 1 more by log U_jj, after a factor U_jj,
    // and by the logits share_k - p_k.
    void write_gradient(const DensitySums& sums, double n_rows, double* grad) const {
        const DensityShape& shape = *shape_;
        for (std::ptrdiff_t k = 0; k < shape.n_logits(); ++k) {
            const auto component = static_cast<std::size_t>(k);
            grad[k] = weight_[component] - sums.share[component] / n_rows;
        }
        for (std::ptrdiff_t k = 0; k < shape.n_components; ++k) {
            const double share = sums.share[static_cast<std::size_t>(k)];
            const double* whitened = sums.whitened.data() + k * shape.n_features;
            const double* factor = sums.factor.data() + k * shape.factor_size();
            const double* root = root_.data() + k * shape.factor_size();
            double* by_mean = grad + shape.mean_at(k);
            double* by_factor = grad + shape.factor_at(k);
            for (std::ptrdiff_t j = 0; j < shape.n_features; ++j) by_mean[j] = 0.0;
            shape.visit_factor([&](std::size_t at, std::ptrdiff_t i, std::ptrdiff_t j) {
                const double scale = shape.scale[static_cast<std::size_t>(i)];
                by_mean[i] -= scale * root[at] * whitened[j] / n_rows;
                const double slope = factor[at] + shape.reg_covar * share * root[at];
                by_factor[at] = (i == j ? root[at] * slope - share : slope / scale) / n_rows;
            });
        }
    }

private:
    static std::vector<double> log_softmax(std::span<const double> logits) {
        if (logits.empty()) return {0.0};
        double top = logits[0];
        for (const double logit : logits) top = logit > top ? logit : top;
        double sum = 0.0;
        for (const double logit : logits) sum += scalar::exp(logit - top);
        const double log_sum = top + scalar::log(sum);
        std::vector<double> out;
        for (const double logit : logits) out.push_back(logit - log_sum);
        return out;
    }

    const DensityShape* shape_;
    std::vector<double> weight_;
    // The factors in double, of rows as they are.
    std::vector<double> root_;
    std::vector<T> mean_;
    std::vector<T> factor_;
    std::vector<T> constant_;
};

}  // namespace fastgd
