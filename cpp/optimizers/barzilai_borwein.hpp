#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// s = w - w', y = g - g' with the point w' before; t = s.y / y.y, at most 10 times the one before, from lr_0
// w -= lr / lr_0 t g, or, where F is above the mean of the F before, back to w' -= lr / lr_0 t / 10 g'
// Barzilai and Borwein 1988; the mean is Zhang and Hager's, 2004.
template <class T>
struct BarzilaiBorwein : GradientStep<T> {
    static constexpr double kKept = 0.85;
    static constexpr double kLargestGrowth = 10.0;
    static constexpr double kSmaller = 0.1;
    enum Memory : int { kRate, kFirstLr, kMean, kWeight };

    static void prepare(const StepInput&, double*, double* coef) { coef[0] = coef[1] = 0.0; }
    static void conclude(const StepInput& in, double* memory, double* coef) {
        if (memory[kFirstLr] == 0.0) memory[kRate] = memory[kFirstLr] = in.lr;
        if (memory[kWeight] > 0.0 && !(in.value <= memory[kMean])) {
            memory[kRate] *= kSmaller;
            coef[1] = 1.0;
        } else {
            const double rest = memory[kWeight] == 0.0 ? 0.0 : kKept * memory[kWeight] * memory[kMean];
            memory[kWeight] = kKept * memory[kWeight] + 1.0;
            memory[kMean] = (rest + in.value) / memory[kWeight];
            const double rate = in.sums[0] / in.sums[1];
            const double largest = kLargestGrowth * memory[kRate];
            if (in.step > 0 && rate > 0.0) memory[kRate] = rate < largest ? rate : largest;
        }
        if (in.lr > 0.0) coef[0] = in.lr / memory[kFirstLr] * memory[kRate];
    }
    static constexpr OptimizerInfo kInfo{.name = "barzilai_borwein",
                                         .n_slots = 2,
                                         .l1 = L1Step::proximal,
                                         .hyper = {},
                                         .prepare = prepare,
                                         .n_sums = 2,
                                         .conclude = conclude,
                                         .full_batch = true,
                                         .reads_value = true};

    bool back;

    explicit BarzilaiBorwein(const StepContext<T>& c) : GradientStep<T>(c), back(c.coef[1] != 0.0) {}

    FASTGD_INLINE void measure(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>* sums) const {
        const Vec<T> y = g - load(state[1] + i);
        sums[0] = fma(w - load(state[0] + i), y, sums[0]);
        sums[1] = fma(y, y, sums[1]);
    }
    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>& rate) const {
        if (back) {
            w = load(state[0] + i);
            g = load(state[1] + i);
        } else {
            store(state[0] + i, w);
            store(state[1] + i, g);
        }
        return GradientStep<T>::step(w, g, state, i, rate);
    }
};

}  // namespace
}  // namespace fastgd
