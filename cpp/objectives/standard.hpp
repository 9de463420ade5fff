#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "objectives/linear_problem.hpp"

namespace fastgd {

// x -> (x - center) / scale of each feature, folded into the parameters, so that the data stay as they are:
// w . (x - center) / scale = (w / scale) . x - w . center / scale. A feature that does not vary is 0 then, whatever its
// scale: its inverse_scale is 0, which keeps rounding errors of its size out of the scores and the gradient.
struct Standard {
    std::vector<double> center;
    std::vector<double> inverse_scale;

    // From flat parameters to those that give the same scores on the data as they are; the latter always have
    // intercepts.
    void to_data(const double* w, int n_outputs, bool fit_intercept, double* data) const;
    // From the gradient by the latter to that by the former.
    void to_gradient(const double* data_grad, int n_outputs, bool fit_intercept, double* grad) const;
};

// Weighted means and population standard deviations over the rows of positive weight; for each fold, where there are
// any, over the rows of the other folds. The last one is that of all rows. They are NaN where X is not finite, or has
// squares beyond the range of double. One pass over the data; `poll` is called as by `for_each_block`.
template <class T>
std::vector<Standard> measure_standards(const LinearProblem<T>& problem, const std::int32_t* fold = nullptr,
                                        int n_folds = 0, const std::function<void()>& poll = {});

}  // namespace fastgd
