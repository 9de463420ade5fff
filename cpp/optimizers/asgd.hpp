#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// w -= lr g; from step average_from on (counted from 1) the mean of the iterates after each step is reported.
// Polyak and Juditsky 1992, as scikit-learn's `average` counts.
template <class T>
struct Asgd : GradientStep<T> {
    static void prepare(const StepInput& in, double*, double* coef) {
        coef[0] = in.lr;
        const double since = static_cast<double>(in.step + 1) - in.hyper[0];
        coef[1] = since < 0.0 ? 1.0 : 1.0 / (since + 1.0);
    }
    // Without a threshold an idle iterate is v = w / scale times the scale of each step, of which the mean takes
    // shares.
    static bool exact(const double*, double, double l1) { return l1 == 0.0; }
    static bool moves_all(const double* coef, double) { return coef[1] == 1.0; }
    static void add(Idle& sums, const double* coef, double l2, double l1) {
        add_shrinking_step(sums, coef, l2, l1);
        sums.kept *= 1.0 - coef[1];
        sums.mixed += coef[1] / sums.kept * sums.scale;
    }
    static double catch_up(const Idle& from, const Idle& to, double w, double* state, const double*, double) {
        const double v = w / from.scale;
        state[0] = to.kept * (state[0] / from.kept + v * (to.mixed - from.mixed));
        return to.scale * v;
    }
    static constexpr OptimizerInfo kInfo{.name = "asgd",
                                         .n_slots = 1,
                                         .l1 = L1Step::proximal,
                                         .hyper = {{"average_from", 1.0}},
                                         .prepare = prepare,
                                         .averages = true,
                                         .idle = {exact, moves_all, add, catch_up}};

    Vec<T> share;

    explicit Asgd(const StepContext<T>& c) : GradientStep<T>(c), share(c[1]) {}

    FASTGD_INLINE void after(Vec<T> w, T* const* state, std::ptrdiff_t i) const {
        const Vec<T> mean = load(state[0] + i);
        store(state[0] + i, fma(share, w - mean, mean));
    }
    static FASTGD_INLINE Vec<T> solution(Vec<T>, T* const* state, std::ptrdiff_t i) { return load(state[0] + i); }
};

}  // namespace
}  // namespace fastgd
