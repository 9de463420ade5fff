#pragma once

#include "optimizers/adam.hpp"

namespace fastgd {
namespace {

// w -= lr weight_decay w, for weights alone; then Adam's step.
// Loshchilov and Hutter 2019.
template <class T>
struct AdamW : Adam<T> {
    static void prepare(const StepInput& in, double* memory, double* coef) {
        Adam<T>::prepare(in, memory, coef);
        coef[8] = in.lr * in.hyper[4];
    }
    static constexpr OptimizerInfo kInfo{
        "adamw",
        3,
        L1Step::refused,
        {{"beta1", 0.9}, {"beta2", 0.999}, {"eps", 1e-8}, {"amsgrad", 0.0}, {"weight_decay", 1e-2}},
        prepare};

    Vec<T> decay;

    explicit AdamW(const StepContext<T>& c) : Adam<T>(c), decay(c.weights ? c[8] : zero<T>()) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>& rate) const {
        return Adam<T>::step(fnma(decay, w, w), g, state, i, rate);
    }
};

}  // namespace
}  // namespace fastgd
