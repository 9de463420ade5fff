#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// L-BFGS has no step of its own kind here: it is told the values and gradients of all rows, and says where to evaluate
// next (descent/lbfgs.hpp, and descent/owlqn.hpp with an l1 norm).
template <class T>
struct Lbfgs {
    static void prepare(const StepInput&, double*, double*) {}
    static constexpr OptimizerInfo kInfo{.name = "lbfgs",
                                         .n_slots = 0,
                                         .l1 = L1Step::own,
                                         .hyper = {{"memory", 10.0}, {"precondition", 1.0}},
                                         .prepare = prepare,
                                         .line_search = true,
                                         .full_batch = true};

    explicit Lbfgs(const StepContext<T>&) {}
    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T>, T* const*, std::ptrdiff_t, Vec<T>&) const { return w; }
};

}  // namespace
}  // namespace fastgd
