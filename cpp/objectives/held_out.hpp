#pragma once

#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "objectives/full_pass.hpp"

namespace fastgd {

// The mean loss of each model that holds out a fold over the rows of that fold, NaN where a raw score is not finite. Of
// each fold's rows only the models that hold them out are asked: losses(rows, models) gives their sums.
template <class T, class F>
void for_folds(const Problem<T>& problem, int n_models, std::span<double> value, F&& losses) {
    for (int f = 0; f < problem.n_folds; ++f) {
        std::vector<std::int64_t> rows;
        for (std::int64_t i = 0; i < problem.X.n_rows; ++i)
            if (problem.fold[i] == f) rows.push_back(i);
        std::vector<int> models;
        for (int m = 0; m < n_models; ++m)
            if (problem.fold_of(m) == f) models.push_back(m);
        if (models.empty()) continue;
        for (const int m : models) value[static_cast<std::size_t>(m)] = std::numeric_limits<double>::quiet_NaN();
        if (rows.empty()) continue;
        const PassSums pass = losses(RowSource{rows.data(), std::ssize(rows)}, models);
        for (std::size_t i = 0; i < models.size(); ++i)
            if (pass.finite[i]) value[static_cast<std::size_t>(models[i])] = pass.loss[i] / pass.weight;
    }
}

// The same for linear models.
template <class T>
void held_out_losses(const Problem<T>& problem, const Parameters<T>& parameters, int n_threads, std::span<double> value,
                     const std::function<void()>& poll) {
    Problem<T> whole = problem;
    whole.n_folds = 0;
    whole.fold_of_model = nullptr;
    for_folds(problem, parameters.n_models, value, [&](const RowSource& rows, const std::vector<int>& models) {
        Parameters<T> own(static_cast<int>(models.size()), parameters.n_outputs, parameters.n_features,
                          parameters.has_intercept);
        for (std::size_t i = 0; i < models.size(); ++i) own.copy_model(parameters, models[i], static_cast<int>(i));
        return full_pass(whole, own, rows, false, n_threads, poll);
    });
}

}  // namespace fastgd
