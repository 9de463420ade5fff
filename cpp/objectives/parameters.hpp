#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "runtime/aligned_buffer.hpp"
#include "runtime/append.hpp"
#include "runtime/archive.hpp"

namespace fastgd {

// Rows of coefficients, one for each output of each model, padded with zeros to whole vectors, and the intercepts
// beside them. The gradient and the optimiser's state have the same shape.
template <class T>
struct Parameters {
    int n_models;
    int n_outputs;
    std::ptrdiff_t n_features;
    bool has_intercept;
    std::ptrdiff_t stride;
    std::ptrdiff_t intercept_stride;
    AlignedBuffer<T> coef;
    AlignedBuffer<T> intercept;

    Parameters(int models, int outputs, std::ptrdiff_t features, bool fit_intercept)
        : n_models(models),
          n_outputs(outputs),
          n_features(features),
          has_intercept(fit_intercept),
          stride(row_stride(features)),
          intercept_stride(round_up(outputs, kLaneAlign)),
          coef(static_cast<std::size_t>(n_scores() * stride)),
          intercept(static_cast<std::size_t>(models * intercept_stride)) {}

    std::ptrdiff_t n_scores() const { return std::ptrdiff_t{n_models} * n_outputs; }
    std::ptrdiff_t n_params() const { return n_outputs * (n_features + (has_intercept ? 1 : 0)); }
    T* coef_row(std::ptrdiff_t score) { return coef.data() + score * stride; }
    const T* coef_row(std::ptrdiff_t score) const { return coef.data() + score * stride; }
    T& bias(std::ptrdiff_t score) { return intercept[bias_index(score)]; }
    const T& bias(std::ptrdiff_t score) const { return intercept[bias_index(score)]; }

    void clear() {
        coef.clear();
        intercept.clear();
    }
    // From and to flat parameters: for each model the coefficients, then the intercepts.
    void set(const double* flat) {
        for (int m = 0; m < n_models; ++m) set_model(m, flat + m * n_params());
    }
    void get(double* flat) {
        for (int m = 0; m < n_models; ++m) get_model(m, flat + m * n_params());
    }
    void set_model(int m, const double* flat) {
        // After a divergence the padding may hold what is not a number.
        std::fill_n(coef.data() + model_coef(m), n_outputs * stride, T(0));
        std::fill_n(intercept.data() + m * intercept_stride, intercept_stride, T(0));
        visit(m, [&](T& value, std::ptrdiff_t i) { value = static_cast<T>(flat[i]); });
    }
    void get_model(int m, double* flat) {
        visit(m, [&](T& value, std::ptrdiff_t i) { flat[i] = static_cast<double>(value); });
    }

    // One model's rows, padding included, into those of the model `to`.
    void copy_model(const Parameters& from, int m, int to) {
        std::copy_n(from.coef.data() + model_coef(m), n_outputs * stride, coef.data() + model_coef(to));
        std::copy_n(from.intercept.data() + m * intercept_stride, intercept_stride,
                    intercept.data() + to * intercept_stride);
    }
    // What `append_model` appends.
    std::size_t model_size() const { return static_cast<std::size_t>(n_outputs * stride + intercept_stride); }
    void append_model(int m, std::vector<double>& to, const std::function<void()>& look = {}) const {
        // Once for both, as what is there would be copied in one go.
        to.reserve(to.size() + model_size());
        append(to, std::span(coef.data() + model_coef(m), coef.data() + model_coef(m + 1)), look);
        append(to, std::span(intercept.data() + m * intercept_stride, static_cast<std::size_t>(intercept_stride)));
    }
    // Returns where `from` goes on.
    const double* take_model(int m, const double* from) {
        const auto take = [&](T* to, std::ptrdiff_t n) {
            for (std::ptrdiff_t i = 0; i < n; ++i) to[i] = static_cast<T>(*from++);
        };
        take(coef.data() + model_coef(m), n_outputs * stride);
        take(intercept.data() + m * intercept_stride, intercept_stride);
        return from;
    }

    void serialize_model(int m, Archive& archive) {
        archive(std::span<T>(coef.data() + model_coef(m), static_cast<std::size_t>(n_outputs * stride)));
        archive(std::span<T>(intercept.data() + m * intercept_stride, static_cast<std::size_t>(intercept_stride)));
    }

    // Adds all rows, padding included, to sums of this shape: n_scores rows of `stride`, and n_scores intercepts.
    void add_to(double* coef_sums, double* intercept_sums) const {
        for (std::size_t i = 0; i < coef.size(); ++i) coef_sums[i] += static_cast<double>(coef[i]);
        for (std::ptrdiff_t s = 0; s < n_scores(); ++s) intercept_sums[s] += static_cast<double>(bias(s));
    }

private:
    // f(parameter, its place among the model's flat ones)
    template <class F>
    void visit(int m, F&& f) {
        std::ptrdiff_t i = 0;
        for (int k = 0; k < n_outputs; ++k) {
            T* row = coef_row(std::ptrdiff_t{m} * n_outputs + k);
            for (std::ptrdiff_t j = 0; j < n_features; ++j) f(row[j], i++);
        }
        for (int k = 0; has_intercept && k < n_outputs; ++k) f(bias(std::ptrdiff_t{m} * n_outputs + k), i++);
    }
    std::ptrdiff_t model_coef(int m) const { return std::ptrdiff_t{m} * n_outputs * stride; }
    // A multiple of 4096 bytes would put the same column of all rows into the same few places of the L1 cache.
    static std::ptrdiff_t row_stride(std::ptrdiff_t features) {
        const std::ptrdiff_t padded = round_up(features, kLaneAlign);
        return padded * static_cast<std::ptrdiff_t>(sizeof(T)) % 4096 == 0 ? padded + kLaneAlign : padded;
    }
    std::size_t bias_index(std::ptrdiff_t score) const {
        return static_cast<std::size_t>(score / n_outputs * intercept_stride + score % n_outputs);
    }
};

}  // namespace fastgd
