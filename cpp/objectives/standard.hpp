#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "objectives/problem.hpp"

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

    // The same for the coefficients of one output. Returns the score that they give to the center.
    template <class T>
    double scale(const T* w, T* data) const {
        // A sum in lanes: a chain of additions would take as long as a step of descent.
        std::array<double, 8> shift{};
        for (std::size_t j = 0; j < center.size(); ++j) {
            const double scaled = static_cast<double>(w[j]) * inverse_scale[j];
            data[j] = static_cast<T>(scaled);
            shift[j % 8] += scaled * center[j];
        }
        for (std::size_t half = 4; half > 0; half /= 2)
            for (std::size_t i = 0; i < half; ++i) shift[i] += shift[i + half];
        return shift[0];
    }
    // `bias_grad` is the intercept's part of the gradient on the data.
    template <class T>
    void scale_back(const T* data_grad, double bias_grad, T* grad) const {
        for (std::size_t j = 0; j < center.size(); ++j)
            grad[j] = static_cast<T>((static_cast<double>(data_grad[j]) - center[j] * bias_grad) * inverse_scale[j]);
    }
};

// Weighted means and population standard deviations over the rows of positive weight; for each fold, where there are
// any, over the rows of the other folds. The last one is that of all rows. They are NaN where X is not finite, or has
// squares beyond the range of double. One pass over the data; `poll` is called as by `for_each_block`.
template <class T>
std::vector<Standard> measure_standards(const Problem<T>& problem, const std::int32_t* fold, int n_folds, int n_threads,
                                        const std::function<void()>& poll = {});

}  // namespace fastgd
