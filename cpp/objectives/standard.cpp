#include "objectives/standard.hpp"

#include <cmath>

#include "objectives/widen_row.hpp"

namespace fastgd {

void Standard::to_data(const double* w, int n_outputs, bool fit_intercept, double* data) const {
    const std::size_t n = center.size();
    for (std::size_t k = 0; k < static_cast<std::size_t>(n_outputs); ++k) {
        const std::size_t bias = static_cast<std::size_t>(n_outputs) * n + k;
        double shift = 0.0;
        for (std::size_t j = 0; j < n; ++j) {
            data[k * n + j] = w[k * n + j] * inverse_scale[j];
            shift += data[k * n + j] * center[j];
        }
        data[bias] = (fit_intercept ? w[bias] : 0.0) - shift;
    }
}

void Standard::to_gradient(const double* data_grad, int n_outputs, bool fit_intercept, double* grad) const {
    const std::size_t n = center.size();
    for (std::size_t k = 0; k < static_cast<std::size_t>(n_outputs); ++k) {
        const std::size_t bias = static_cast<std::size_t>(n_outputs) * n + k;
        for (std::size_t j = 0; j < n; ++j)
            grad[k * n + j] = (data_grad[k * n + j] - center[j] * data_grad[bias]) * inverse_scale[j];
        if (fit_intercept) grad[bias] = data_grad[bias];
    }
}

template <class T>
std::vector<Standard> measure_standards(const LinearProblem<T>& problem, const std::int32_t* fold, int n_folds) {
    const auto n_features = static_cast<std::size_t>(problem.X.n_cols);
    std::vector<Standard> standards(static_cast<std::size_t>(n_folds) + 1);
    std::vector<double> weight_sum(standards.size(), 0.0);
    for (Standard& standard : standards) {
        standard.center.assign(n_features, 0.0);
        standard.inverse_scale.assign(n_features, 0.0);
    }
    // visit(which, weight, row) of each row that counts for a standard.
    const auto for_rows = [&](auto&& visit) {
        std::vector<T> row;
        for (std::int64_t i = 0; i < problem.X.n_rows; ++i) {
            if (!problem.present(i)) continue;
            const double weight = problem.weight != nullptr ? static_cast<double>(problem.weight[i]) : 1.0;
            widen_row(problem, i, row);
            for (std::size_t f = 0; f < standards.size(); ++f)
                if (fold == nullptr || fold[i] != static_cast<std::int32_t>(f)) visit(f, weight, row);
        }
    };
    for_rows([&](std::size_t f, double weight, const std::vector<T>& row) {
        weight_sum[f] += weight;
        double* center = standards[f].center.data();
        for (std::size_t j = 0; j < n_features; ++j) center[j] += weight * static_cast<double>(row[j]);
    });
    for (std::size_t f = 0; f < standards.size(); ++f)
        for (double& center : standards[f].center) center /= weight_sum[f];
    for_rows([&](std::size_t f, double weight, const std::vector<T>& row) {
        const double* center = standards[f].center.data();
        double* squares = standards[f].inverse_scale.data();
        for (std::size_t j = 0; j < n_features; ++j) {
            const double difference = static_cast<double>(row[j]) - center[j];
            squares[j] += weight * (difference * difference);
        }
    });
    for (std::size_t f = 0; f < standards.size(); ++f)
        for (std::size_t j = 0; j < n_features; ++j) {
            const double deviation = std::sqrt(standards[f].inverse_scale[j] / weight_sum[f]);
            // What rounding makes of a constant is no variation.
            const bool varies = deviation > 1e-10 * std::fabs(standards[f].center[j]);
            standards[f].inverse_scale[j] = varies || !std::isfinite(deviation) ? 1.0 / deviation : 1.0;
        }
    return standards;
}

template std::vector<Standard> measure_standards<float>(const LinearProblem<float>&, const std::int32_t*, int);
template std::vector<Standard> measure_standards<double>(const LinearProblem<double>&, const std::int32_t*, int);

}  // namespace fastgd
