#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// w -= min(lr, (F_B - f_min) / (||g||^2 + eps)) g, with F_B the objective on the step's rows; no step below f_min
// Polyak 1969; Loizou et al. 2021.
template <class T>
struct PolyakSgd : GradientStep<T> {
    static void prepare(const StepInput&, double*, double* coef) { coef[0] = 0.0; }
    static void conclude(const StepInput& in, double*, double* coef) {
        const double gap = in.value - in.hyper[0];
        const double size = in.sums[0] + in.hyper[1];
        if (!(gap > 0.0) || size == 0.0) {
            coef[0] = 0.0;
        } else {
            const double rate = gap / size;
            coef[0] = rate < in.lr ? rate : in.lr;
        }
    }
    static constexpr OptimizerInfo kInfo{.name = "polyak_sgd",
                                         .n_slots = 0,
                                         .l1 = L1Step::proximal,
                                         .hyper = {{"f_min", 0.0}, {"eps", 0.0}},
                                         .prepare = prepare,
                                         .n_sums = 1,
                                         .conclude = conclude,
                                         .reads_value = true};

    explicit PolyakSgd(const StepContext<T>& c) : GradientStep<T>(c) {}

    FASTGD_INLINE void measure(Vec<T>, Vec<T> g, T* const*, std::ptrdiff_t, Vec<T>* sums) const {
        sums[0] = fma(g, g, sums[0]);
    }
};

}  // namespace
}  // namespace fastgd
