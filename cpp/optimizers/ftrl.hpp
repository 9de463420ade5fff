#pragma once

#include "optimizers/optimizer.hpp"

namespace fastgd {
namespace {

// eta = lr / (beta + sqrt(n)); n += g^2; z += g - (1/eta - 1/eta before) w; w = -eta soft(z, t l1), t = 1, 2, ...
// The l1 norm of every step counts, so that it is that of the objective. A start w other than 0 is z = -w / eta.
// McMahan et al. 2013.
template <class T>
struct Ftrl {
    static void prepare(const StepInput& in, double* memory, double* coef) {
        coef[0] = 1.0 / in.lr;
        coef[1] = in.step == 0 ? coef[0] : memory[0];
        coef[2] = in.hyper[0];
        coef[3] = static_cast<double>(in.step + 1);
        coef[4] = in.step == 0;
        memory[0] = coef[0];
    }
    static constexpr OptimizerInfo kInfo{"ftrl", 2, L1Step::own, {{"beta", 1.0}}, prepare};

    Vec<T> inverse_lr, inverse_before, beta, threshold;
    bool first;

    explicit Ftrl(const StepContext<T>& c)
        : inverse_lr(c[0]),
          inverse_before(c[1]),
          beta(c[2]),
          threshold(c[3] * set1<T>(c.l1)),
          first(c.coef[4] != 0.0) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>&) const {
        const Vec<T> before = load(state[1] + i);
        const Vec<T> n = fma(g, g, before);
        const Vec<T> inverse_eta = (beta + sqrt(n)) * inverse_lr;
        const Vec<T> inverse_eta_before = (beta + sqrt(before)) * inverse_before;
        Vec<T> z = first ? neg(w) * inverse_eta_before : load(state[0] + i);
        z = z + fnma(inverse_eta - inverse_eta_before, w, g);
        store(state[0] + i, z);
        store(state[1] + i, n);
        const Vec<T> o = zero<T>();
        const Vec<T> shrunk = select(lt(threshold, z), z - threshold, select(lt(z, neg(threshold)), z + threshold, o));
        return o - shrunk / inverse_eta;
    }
};

}  // namespace
}  // namespace fastgd
