#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "fastgd/linear_objective.hpp"
#include "objectives/full_pass.hpp"
#include "objectives/parameters.hpp"
#include "objectives/standard.hpp"

namespace fastgd {

// From the flat parameters of a model to those that its data are multiplied by, and back with their gradient. Without a
// standard they are the same.
class ParameterMap {
public:
    ParameterMap(const LinearOptions& options, std::ptrdiff_t n_features, const Standard* standard)
        : n_outputs_(options.n_outputs),
          n_features_(n_features),
          fit_intercept_(options.fit_intercept),
          standard_(standard) {}

    // The same data with one output.
    ParameterMap of_one_output() const {
        ParameterMap map = *this;
        map.n_outputs_ = 1;
        return map;
    }

    bool fit_intercept() const { return fit_intercept_; }
    bool data_intercept() const { return fit_intercept_ || standard_ != nullptr; }
    std::size_t n_params() const { return size(fit_intercept_); }
    std::size_t n_data_params() const { return size(data_intercept()); }
    // What the j-th coefficient of the model is multiplied by, where the data hold x.
    double feature(std::size_t j, double x) const {
        return standard_ == nullptr ? x : (x - standard_->center[j]) * standard_->inverse_scale[j];
    }

    void require_size(std::span<const double> w) const {
        if (w.size() != n_params())
            throw std::invalid_argument("w must have " + std::to_string(n_params()) + " elements, got " +
                                        std::to_string(w.size()));
    }

    // Appends what `w` is for the data.
    void append(std::span<const double> w, std::vector<double>& flat) const {
        if (standard_ == nullptr) {
            flat.insert(flat.end(), w.begin(), w.end());
            return;
        }
        flat.resize(flat.size() + n_data_params());
        standard_->to_data(w.data(), n_outputs_, fit_intercept_, flat.data() + flat.size() - n_data_params());
    }

    template <class T>
    Parameters<T> to_data(std::span<const double> w) const {
        require_size(w);
        Parameters<T> parameters(1, n_outputs_, n_features_, data_intercept());
        if (standard_ == nullptr) {
            parameters.set(w.data());
        } else {
            std::vector<double> flat;
            append(w, flat);
            parameters.set(flat.data());
        }
        return parameters;
    }

    // The gradient that sums over the data make, divided by `weight`.
    template <class T>
    void write_gradient(const PassSums& sums, const Parameters<T>& shape, double weight, double* grad) const {
        if (standard_ == nullptr) return fastgd::write_gradient(sums, shape, 0, weight, grad);
        std::vector<double> of_data(n_data_params());
        fastgd::write_gradient(sums, shape, 0, weight, of_data.data());
        standard_->to_gradient(of_data.data(), n_outputs_, fit_intercept_, grad);
    }

private:
    std::size_t size(bool intercept) const {
        return static_cast<std::size_t>(n_outputs_ * (n_features_ + (intercept ? 1 : 0)));
    }

    int n_outputs_;
    std::ptrdiff_t n_features_;
    bool fit_intercept_;
    const Standard* standard_;
};

}  // namespace fastgd
