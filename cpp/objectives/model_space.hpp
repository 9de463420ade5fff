#pragma once

#include <array>
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
        for (int m = 0; is_standardized() && m < params.n_models; ++m)
            for (int k = 0; k < params.n_outputs; ++k) to_data(*standards_[static_cast<std::size_t>(m)], score(m, k));
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
        const T* w = params.coef_row(s);
        T* data = data_params_->coef_row(s);
        // A sum in lanes: a chain of additions would take as long as a step.
        std::array<double, 8> shift{};
        for (std::ptrdiff_t j = 0; j < params.n_features; ++j) {
            const auto at = static_cast<std::size_t>(j);
            const double scaled = static_cast<double>(w[j]) * standard.inverse_scale[at];
            data[j] = static_cast<T>(scaled);
            shift[at % 8] += scaled * standard.center[at];
        }
        for (std::size_t half = 4; half > 0; half /= 2)
            for (std::size_t i = 0; i < half; ++i) shift[i] += shift[i + half];
        data_params_->bias(s) =
            static_cast<T>((params.has_intercept ? static_cast<double>(params.bias(s)) : 0.0) - shift[0]);
    }

    void to_grad(const Standard& standard, std::ptrdiff_t s) {
        const T* data = data_grad_->coef_row(s);
        const auto total = static_cast<double>(data_grad_->bias(s));
        T* to = grad.coef_row(s);
        for (std::ptrdiff_t j = 0; j < params.n_features; ++j) {
            const auto at = static_cast<std::size_t>(j);
            to[j] = static_cast<T>((static_cast<double>(data[j]) - standard.center[at] * total) *
                                   standard.inverse_scale[at]);
        }
        if (params.has_intercept) grad.bias(s) = data_grad_->bias(s);
    }

    std::vector<const Standard*> standards_;
    std::unique_ptr<Parameters<T>> data_params_;
    std::unique_ptr<Parameters<T>> data_grad_;
};

}  // namespace fastgd
