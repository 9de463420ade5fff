#pragma once

#include <cstdint>

#include "fastgd/optimizer_info.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// v = momentum v + (1 - dampening) g (v = g at the first step); w -= lr (nesterov ? g + momentum v : v)
// Sutskever et al. 2013, in the form PyTorch gives it.
template <class T>
struct Sgd {
    static constexpr OptimizerInfo kInfo{"sgd", 1, {{"momentum", 0.0}, {"dampening", 0.0}, {"nesterov", 0.0}}};

    T lr;
    T momentum;
    T damped;
    bool nesterov;
    bool first;

    Sgd(T rate, const double* hyper, std::int64_t step)
        : lr(rate), momentum(T(hyper[0])), damped(T(1.0 - hyper[1])), nesterov(hyper[2] != 0.0), first(step == 0) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i) const {
        if (momentum == T(0)) return fnma(set1<T>(lr), g, w);
        const Vec<T> m = set1<T>(momentum);
        const Vec<T> v = first ? g : fma(m, load(state[0] + i), set1<T>(damped) * g);
        store(state[0] + i, v);
        return fnma(set1<T>(lr), nesterov ? fma(m, v, g) : v, w);
    }
};

}  // namespace
}  // namespace fastgd
