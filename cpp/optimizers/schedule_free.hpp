#pragma once

// Defazio et al. 2024: descent on z with gradients taken between z and the weighted mean x of all z, which is the
// result.

#include "optimizers/optimizer.hpp"
#include "runtime/scalar_math.hpp"

namespace fastgd {
namespace {

// c = a / (sum of all a), a = (largest lr so far)^weight_lr_power
inline double schedule_free_share(double lr, double power, std::int64_t step, double* memory) {
    memory[0] = step == 0 || memory[0] < lr ? lr : memory[0];
    const double weight = scalar::pow(memory[0], power);
    memory[1] = step == 0 ? weight : memory[1] + weight;
    return memory[1] > 0.0 ? weight / memory[1] : 0.0;
}

// Slots z and x; w is y.
template <class T>
struct ScheduleFree {
    Vec<T> beta, rest, share;
    bool first;

    FASTGD_INLINE Vec<T> z(Vec<T> w, T* const* state, std::ptrdiff_t i) const { return first ? w : load(state[0] + i); }
    // x = (1 - c) x + c z; y = beta x + (1 - beta) z
    FASTGD_INLINE Vec<T> average(Vec<T> w, Vec<T> z, T* const* state, std::ptrdiff_t i) const {
        const Vec<T> before = first ? w : load(state[1] + i);
        const Vec<T> x = fma(share, z - before, before);
        store(state[0] + i, z);
        store(state[1] + i, x);
        return moving_average(beta, x, rest, z);
    }
    static FASTGD_INLINE Vec<T> solution(Vec<T>, T* const* state, std::ptrdiff_t i) { return load(state[1] + i); }
};

}  // namespace
}  // namespace fastgd
