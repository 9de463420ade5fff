#pragma once

// What the optimisers' files share. An optimiser is
//   kInfo, with `prepare`: from a step's number and rate to coefficients, in float64, once a model and step;
//   a constructor that takes them, and step(w, g, state, i, rate): the new lanes of w; for the l1 norm's proximal step
//   it says in `rate` what its step multiplied g by. Slots are read and written at state[slot] + i.
// Optional: measure(w, g, state, i, sums), before `conclude` and the step; after(w, state, i), behind the proximal
// step; solution(w, state, i), what to report in the place of w.

#include "fastgd/optimizer_info.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

template <class T>
struct StepContext {
    const double* coef;
    // Whether the parameters are weights, which decay and are penalised; intercepts are not.
    bool weights;
    T l1;

    FASTGD_INLINE Vec<T> operator[](int at) const { return set1<T>(static_cast<T>(coef[at])); }
};

// decay a + (1 - decay) b
template <class T>
FASTGD_INLINE Vec<T> moving_average(Vec<T> decay, Vec<T> a, Vec<T> rest, Vec<T> b) {
    return fma(decay, a, rest * b);
}

// w -= lr g, which is the whole step of methods that differ in lr or in g.
template <class T>
struct GradientStep {
    Vec<T> lr;

    explicit GradientStep(const StepContext<T>& c) : lr(c[0]) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const*, std::ptrdiff_t, Vec<T>& rate) const {
        rate = lr;
        return fnma(lr, g, w);
    }
};

// ---- idle coefficients, in scalars of double

// w nearer to 0 by at most `by`.
inline double soft_threshold(double w, double by) {
    const double size = w < 0.0 ? -w : w;
    const double left = size <= by ? 0.0 : size - by;
    return w < 0.0 ? -left : left;
}

inline bool never_moves_all(const double*, double) { return false; }

// Of a step w <- soft((1 - lr l2) w, lr l1), where lr is the first coefficient.
inline void add_shrinking_step(Idle& sums, const double* coef, double l2, double l1) {
    sums.scale *= 1.0 - coef[0] * l2;
    if (l1 > 0.0) sums.threshold += coef[0] * l1 / (sums.scale < 0.0 ? -sums.scale : sums.scale);
}

// beta^(step + 1), kept in `memory` as a running product.
inline double next_power(double beta, std::int64_t step, double& memory) {
    memory = step == 0 ? beta : memory * beta;
    return memory;
}

}  // namespace
}  // namespace fastgd
