#pragma once

#include <cstdint>
#include <vector>

#include "objectives/linear_problem.hpp"

namespace fastgd {

// x -> (x - center) / scale of each feature, folded into the parameters, so that the data stay as they are:
// w . (x - center) / scale = (w / scale) . x - w . center / scale. A feature that does not vary keeps the scale 1.
struct Standard {
    std::vector<double> center;
    std::vector<double> inverse_scale;

    // From flat parameters to those that give the same scores on the data as they are; the latter always have
    // intercepts.
    void to_data(const double* w, int n_outputs, bool fit_intercept, double* data) const;
    // From the gradient by the latter to that by the former.
    void to_gradient(const double* data_grad, int n_outputs, bool fit_intercept, double* grad) const;
};

// Weighted means and population standard deviations over the rows of positive weight, in two passes; for each fold,
// where there are any, over the rows of the other folds. The last one is that of all rows.
template <class T>
std::vector<Standard> measure_standards(const LinearProblem<T>& problem, const std::int32_t* fold = nullptr,
                                        int n_folds = 0);

}  // namespace fastgd
