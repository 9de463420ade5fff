#pragma once

#include "optimizers/schedule_free.hpp"

namespace fastgd {
namespace {

// z -= lr g(y); x and y as in schedule_free.hpp
template <class T>
struct ScheduleFreeSgd : ScheduleFree<T> {
    static void prepare(const StepInput& in, double* memory, double* coef) {
        coef[0] = in.hyper[0];
        coef[1] = 1.0 - in.hyper[0];
        coef[2] = schedule_free_share(in.lr, in.hyper[1], in.step, memory);
        coef[3] = in.step == 0;
        coef[4] = in.lr;
    }
    static constexpr OptimizerInfo kInfo{
        "schedule_free_sgd", 2, L1Step::refused, {{"beta", 0.9}, {"weight_lr_power", 2.0}}, prepare, 0, nullptr, true};

    Vec<T> lr;

    explicit ScheduleFreeSgd(const StepContext<T>& c) : ScheduleFree<T>{c[0], c[1], c[2], c.coef[3] != 0.0}, lr(c[4]) {}

    FASTGD_INLINE Vec<T> step(Vec<T> w, Vec<T> g, T* const* state, std::ptrdiff_t i, Vec<T>&) const {
        return this->average(w, fnma(lr, g, this->z(w, state, i)), state, i);
    }
};

}  // namespace
}  // namespace fastgd
