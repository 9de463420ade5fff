#pragma once

#include <memory>
#include <vector>

#include "objectives/parameters.hpp"
#include "objectives/standard.hpp"

namespace fastgd {

// The parameters and gradients of all models, as the optimiser has them and as kernels want them: the same, unless
// features are standardised, which folds a change of parameters in between.
template <class T>
class ModelSpace {
public:
    // `standards`: none, or one for each model.
    ModelSpace(const Parameters<T>& shape, std::vector<const Standard*> standards)
        : params(shape), grad(shape), standards_(std::move(standards)) {
        if (standards_.empty()) return;
        const Parameters<T> data(shape.n_models, shape.n_outputs, shape.n_features, true);
        data_params_ = std::make_unique<Parameters<T>>(data);
        data_grad_ = std::make_unique<Parameters<T>>(data);
    }

    bool is_standardized() const { return !standards_.empty(); }

    // Where kernels read parameters, and add gradients.
    const Parameters<T>& data_params() const { return is_standardized() ? *data_params_ : params; }
    Parameters<T>& data_grad() { return is_standardized() ? *data_grad_ : grad; }

    // After a change of params.
    void changed() {
        for (int m = 0; m < params.n_models; ++m) changed(m);
    }
    void changed(int m) {
        for (int k = 0; is_standardized() && k < params.n_outputs; ++k)
            to_data(*standards_[static_cast<std::size_t>(m)], score(m, k));
    }
    // From what kernels have added up to grad; leaves zeros behind.
    void bring_gradient() {
        for (int m = 0; is_standardized() && m < params.n_models; ++m)
            for (int k = 0; k < params.n_outputs; ++k) to_grad(*standards_[static_cast<std::size_t>(m)], score(m, k));
        if (is_standardized()) data_grad_->clear();
    }
    // One model's flat gradient in double.
    void bring_gradient(int m, const double* data, double* out) const {
        standards_[static_cast<std::size_t>(m)]->to_gradient(data, params.n_outputs, params.has_intercept, out);
    }

    Parameters<T> params;
    Parameters<T> grad;

private:
    std::ptrdiff_t score(int m, int k) const { return std::ptrdiff_t{m} * params.n_outputs + k; }

    void to_data(const Standard& standard, std::ptrdiff_t s) {
        const double shift = standard.scale(params.coef_row(s), data_params_->coef_row(s));
        data_params_->bias(s) =
            static_cast<T>((params.has_intercept ? static_cast<double>(params.bias(s)) : 0.0) - shift);
    }

    void to_grad(const Standard& standard, std::ptrdiff_t s) {
        const T bias_grad = data_grad_->bias(s);
        standard.scale_back(data_grad_->coef_row(s), static_cast<double>(bias_grad), grad.coef_row(s));
        if (params.has_intercept) grad.bias(s) = bias_grad;
    }

    std::vector<const Standard*> standards_;
    std::unique_ptr<Parameters<T>> data_params_;
    std::unique_ptr<Parameters<T>> data_grad_;
};

}  // namespace fastgd
