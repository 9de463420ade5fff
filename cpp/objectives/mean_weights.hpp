#pragma once

#include <vector>

#include "objectives/problem.hpp"

namespace fastgd {

// The mean weight of the rows that each model sees.
template <class T>
std::vector<double> mean_weights(const Problem<T>& problem, int n_models) {
    std::vector<double> sum(static_cast<std::size_t>(problem.n_folds));
    std::vector<std::int64_t> count(sum.size());
    for (std::int64_t i = 0; !sum.empty() && i < problem.X.n_rows; ++i) {
        if (!problem.present(i)) continue;
        for (std::size_t f = 0; f < sum.size(); ++f) {
            if (problem.fold[i] == static_cast<std::int32_t>(f)) continue;
            sum[f] += problem.weight != nullptr ? static_cast<double>(problem.weight[i]) : 1.0;
            ++count[f];
        }
    }
    std::vector<double> means;
    for (int m = 0; m < n_models; ++m) {
        const auto fold = static_cast<std::size_t>(problem.fold_of(m));
        means.push_back(problem.fold_of(m) == kNoFold ? problem.mean_weight
                                                      : sum[fold] / static_cast<double>(count[fold]));
    }
    return means;
}

}  // namespace fastgd
