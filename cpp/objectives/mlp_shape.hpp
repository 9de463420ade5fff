#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "objectives/updates.hpp"

namespace fastgd {

// Where the parameters of a multi-layer perceptron lie. The weights of hidden layers are panels of units, as kernels
// want them; those of the head, which is a linear model on the last layer, are rows of coefficients, one an output.
// Padding is zero. Flat parameters are, layer by layer, weights (n_inputs x n_units, C order), then intercepts.
template <class T>
class MlpShape {
public:
    struct Layer {
        std::ptrdiff_t n_inputs;
        std::ptrdiff_t n_units;
        // Units with their padding.
        std::ptrdiff_t padded;
        // Where the first weight and the first intercept are.
        std::ptrdiff_t weight;
        std::ptrdiff_t bias;

        std::ptrdiff_t n_panels() const { return (padded + kUnitPanel<T> - 1) / kUnitPanel<T>; }
        std::ptrdiff_t panel_stride() const { return kUnitPanel<T> * n_inputs; }
        // Of the panel of a unit at its beginning.
        std::ptrdiff_t width(std::ptrdiff_t unit) const { return std::min(padded - unit, kUnitPanel<T>); }
    };
    struct Head {
        std::ptrdiff_t n_inputs;
        std::ptrdiff_t n_outputs;
        std::ptrdiff_t stride;
        std::ptrdiff_t weight;
        std::ptrdiff_t bias;
    };

    // Features, the units of each hidden layer, outputs.
    explicit MlpShape(std::span<const std::int64_t> sizes) {
        for (std::size_t l = 0; l + 2 < sizes.size(); ++l) {
            const std::ptrdiff_t padded = round_up(sizes[l + 1], kLaneAlign);
            hidden_.push_back({sizes[l], sizes[l + 1], padded, size_, size_ + padded * sizes[l]});
            size_ += padded * (sizes[l] + 1);
            n_params_ += sizes[l + 1] * (sizes[l] + 1);
        }
        const std::ptrdiff_t n_inputs = sizes[sizes.size() - 2];
        const std::ptrdiff_t n_outputs = sizes.back();
        const std::ptrdiff_t stride = round_up(n_inputs, kLaneAlign);
        head_ = {n_inputs, n_outputs, stride, size_, size_ + stride * n_outputs};
        size_ = head_.bias + round_up(n_outputs, kLaneAlign);
        n_params_ += n_outputs * (n_inputs + 1);
    }

    const std::vector<Layer>& hidden() const { return hidden_; }
    const Head& head() const { return head_; }
    // Of a model, with padding and without.
    std::ptrdiff_t size() const { return size_; }
    std::ptrdiff_t n_params() const { return n_params_; }

    std::vector<Stretch> stretches() const {
        std::vector<Stretch> all;
        for (const Layer& layer : hidden_) {
            all.push_back({layer.weight, layer.bias, true});
            all.push_back({layer.bias, layer.bias + layer.padded, false});
        }
        all.push_back({head_.weight, head_.bias, true});
        all.push_back({head_.bias, size_, false});
        return all;
    }

    // visit(padded, flat) for each parameter, in the order of flat ones.
    template <class F>
    void visit(F&& visit) const {
        std::ptrdiff_t flat = 0;
        for (const Layer& layer : hidden_) {
            for (std::ptrdiff_t i = 0; i < layer.n_inputs; ++i)
                for (std::ptrdiff_t panel = 0; panel < layer.n_units; panel += kUnitPanel<T>) {
                    const std::ptrdiff_t at = layer.weight + panel * layer.n_inputs + i * layer.width(panel);
                    const std::ptrdiff_t n_units = std::min(layer.n_units - panel, kUnitPanel<T>);
                    for (std::ptrdiff_t u = 0; u < n_units; ++u) visit(at + u, flat++);
                }
            for (std::ptrdiff_t u = 0; u < layer.n_units; ++u) visit(layer.bias + u, flat++);
        }
        for (std::ptrdiff_t i = 0; i < head_.n_inputs; ++i)
            for (std::ptrdiff_t k = 0; k < head_.n_outputs; ++k) visit(head_.weight + k * head_.stride + i, flat++);
        for (std::ptrdiff_t k = 0; k < head_.n_outputs; ++k) visit(head_.bias + k, flat++);
    }

    // visit(first weight, first intercept, end) of each layer in flat parameters.
    template <class F>
    void visit_flat_layers(F&& visit) const {
        std::ptrdiff_t flat = 0;
        const auto layer = [&](std::ptrdiff_t n_inputs, std::ptrdiff_t n_units) {
            const std::ptrdiff_t bias = flat + n_inputs * n_units;
            visit(flat, bias, bias + n_units);
            flat = bias + n_units;
        };
        for (const Layer& hidden : hidden_) layer(hidden.n_inputs, hidden.n_units);
        layer(head_.n_inputs, head_.n_outputs);
    }

    void set(const double* flat, T* params) const {
        std::fill_n(params, size_, T(0));
        visit([&](std::ptrdiff_t to, std::ptrdiff_t from) { params[to] = static_cast<T>(flat[from]); });
    }
    template <class U>
    void get(const U* params, double* flat) const {
        visit([&](std::ptrdiff_t from, std::ptrdiff_t to) { flat[to] = static_cast<double>(params[from]); });
    }

private:
    std::vector<Layer> hidden_;
    Head head_{};
    std::ptrdiff_t size_ = 0;
    std::ptrdiff_t n_params_ = 0;
};

}  // namespace fastgd
