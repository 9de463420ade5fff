#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "descent/run.hpp"
#include "kernels/kernel_table.hpp"
#include "objectives/parameters.hpp"

namespace fastgd {

// Some of a model's parameters: weights, which decay and are penalised, or intercepts.
struct Stretch {
    std::ptrdiff_t begin;
    std::ptrdiff_t end;
    bool weights;
};

// The optimiser of all models of a run: its state, and its steps on their parameters.
template <class T>
class Updates {
public:
    // `stretches`: what each model's only row of parameters consists of, where that is not one of linear models.
    Updates(const Kernels<T>& kernels, const OptimizerInfo& info, const ModelSettings& settings,
            const Parameters<T>& shape, std::vector<Stretch> stretches = {})
        : kernels_(kernels.optimizer[settings.optimizer]),
          info_(info),
          settings_(settings),
          stretches_(std::move(stretches)) {
        for (int i = 0; i < info.n_slots; ++i)
            slots_.emplace_back(shape.n_models, shape.n_outputs, shape.n_features, shape.has_intercept);
        memory_.resize(static_cast<std::size_t>(settings.n_models) * kMaxMemory);
        n_steps_.resize(static_cast<std::size_t>(settings.n_models));
        coef_.resize(n_steps_.size() * kMaxCoef);
        for (int m = 0; m < settings.n_models; ++m) {
            l2_.push_back(static_cast<T>(settings.penalty(m).l2()));
            l1_.push_back(static_cast<T>(settings.penalty(m).l1()));
        }
    }

    // Whether a step needs sums over all parameters, so that it cannot be taken in parts.
    bool is_whole() const { return info_.n_sums > 0 || settings_.clip_norm > 0.0; }

    // Coefficients of the coming steps; a step that is whole makes its own.
    void prepare(const StepPlan& plan) {
        plan_ = plan;
        coef_.resize(plan.step.size() * kMaxCoef);
        for (std::size_t first = 0; first < plan.step.size(); first += n_steps_.size())
            for (std::size_t m = 0; m < n_steps_.size(); ++m) {
                const std::int64_t step = plan.step[first + m];
                if (step < 0) continue;
                n_steps_[m] = step + 1;
                if (info_.n_sums == 0) prepare(first + m, m);
            }
    }

    void step_columns(std::size_t batch, Columns columns, Parameters<T>& params, Parameters<T>& grad) {
        for (std::ptrdiff_t s = 0; s < params.n_scores(); ++s)
            if (runs(batch, params, s)) step_row(batch, columns, params, grad, s);
    }

    // Of one output of a model that runs.
    void step_row(std::size_t batch, Columns columns, Parameters<T>& params, Parameters<T>& grad, std::ptrdiff_t s) {
        T* state[kMaxSlots] = {};
        kernels_.update(coef_call(batch, columns, params, grad, s, state));
    }

    // The same in some columns, wherever they lie: brought together, and back.
    void step_some(std::size_t batch, const std::vector<std::int64_t>& columns, Parameters<T>& params,
                   Parameters<T>& grad, std::ptrdiff_t s) {
        const std::ptrdiff_t n = std::ssize(columns);
        const std::ptrdiff_t padded = round_up(n, kLaneAlign);
        const auto size = static_cast<std::size_t>((2 + info_.n_slots) * padded);
        if (together_.size() < size) together_ = AlignedBuffer<T>(2 * size);
        T* state[kMaxSlots] = {};
        UpdateCall<T> call = coef_call(batch, {0, params.n_features}, params, grad, s, state);
        T* const from[2 + kMaxSlots] = {call.param, call.grad, state[0], state[1], state[2], state[3]};
        static_assert(kMaxSlots == 4);
        for (int a = 0; a < 2 + info_.n_slots; ++a) {
            T* to = together_.data() + a * padded;
            for (std::ptrdiff_t i = 0; i < n; ++i) to[i] = from[a][columns[static_cast<std::size_t>(i)]];
            std::fill(to + n, to + padded, T(0));
            if (a >= 2) state[a - 2] = to;
        }
        call.param = together_.data();
        call.grad = together_.data() + padded;
        call.n = padded;
        kernels_.update(call);
        for (int a = 0; a < 2 + info_.n_slots; ++a)
            for (std::ptrdiff_t i = 0; i < n; ++i)
                from[a][columns[static_cast<std::size_t>(i)]] = together_[static_cast<std::size_t>(a * padded + i)];
    }

    // Of a model that runs, on a stretch whose gradient stands at `grad`.
    void step_stretch(std::size_t batch, int m, const Stretch& stretch, Parameters<T>& params, T* grad) {
        T* state[kMaxSlots] = {};
        kernels_.update(stretch_call(batch, m, stretch, params, grad, state));
    }

    // Coefficients of a model's step.
    const double* coef(std::size_t batch, int m) const { return coef_.data() + plan_.at(batch, m) * kMaxCoef; }

    void load_state(std::ptrdiff_t s, std::ptrdiff_t column, double* state) const {
        for (std::size_t i = 0; i < slots_.size(); ++i) state[i] = static_cast<double>(slots_[i].coef_row(s)[column]);
    }
    void store_state(std::ptrdiff_t s, std::ptrdiff_t column, const double* state) {
        for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].coef_row(s)[column] = static_cast<T>(state[i]);
    }

    void step_intercepts(std::size_t batch, Parameters<T>& params, Parameters<T>& grad) {
        for (int m = 0; params.has_intercept && m < settings_.n_models; ++m)
            if (T * state[kMaxSlots] = {}; plan_.runs(batch, m))
                kernels_.update(intercept_call(batch, params, grad, m, state));
    }

    // The only model's step on the coefficients of some columns, which stand side by side here, with their slots.
    void step_gathered(std::size_t batch, std::ptrdiff_t n, Parameters<T>& params, Parameters<T>& grad,
                       std::vector<Parameters<T>>& slots) {
        for (std::ptrdiff_t k = 0; k < params.n_outputs; ++k) {
            T* state[kMaxSlots] = {};
            for (std::size_t i = 0; i < slots.size(); ++i) state[i] = slots[i].coef_row(k);
            UpdateCall<T> call = call_of(batch, 0, state);
            call.param = params.coef_row(k);
            call.grad = grad.coef_row(k);
            call.n = round_up(n, kLaneAlign);
            call.l2 = l2_[0];
            call.l1 = l1_[0];
            call.weights = true;
            kernels_.update(call);
        }
    }

    // One model's step on all its parameters; `value` is the objective on the step's rows.
    void step_whole(std::size_t batch, int m, double value, Parameters<T>& params, Parameters<T>& grad) {
        if (!plan_.runs(batch, m)) return;
        const std::size_t at = plan_.at(batch, m);
        const auto model = static_cast<std::size_t>(m);
        clip_factor_ = T(1);
        if (info_.n_sums > 0) prepare(at, model);
        if (settings_.clip_norm > 0.0) {
            const double norm = std::sqrt(measure(batch, m, true, params, grad).of[0]);
            // The margin is PyTorch's.
            const double factor = settings_.clip_norm / (norm + 1e-6);
            clip_factor_ = static_cast<T>(factor < 1.0 ? factor : 1.0);
        }
        if (info_.n_sums > 0) {
            const Sums sums = measure(batch, m, false, params, grad);
            StepInput input = input_of(at, model);
            input.value = value;
            input.sums = sums.of;
            info_.conclude(input, memory_of(model), coef_.data() + at * kMaxCoef);
        }
        for_rows(batch, m, params, grad, [&](const UpdateCall<T>& call) { kernels_.update(call); });
        clip_factor_ = T(1);
    }

    // Where a model's rows are those that the optimiser reports in the place of its parameters.
    Parameters<T>& reported(int m, Parameters<T>& params) {
        if (!info_.averages || n_steps_[static_cast<std::size_t>(m)] == 0) return params;
        if (!reported_) reported_.emplace(params.n_models, params.n_outputs, params.n_features, params.has_intercept);
        solution(m, params, *reported_);
        return *reported_;
    }
    // The same into `out`, of an optimiser that averages and has made a step.
    void solution(int m, Parameters<T>& params, Parameters<T>& out) {
        for_rows(0, m, params, out, [&](const UpdateCall<T>& call) { kernels_.solution(call, call.grad); });
    }

    Parameters<T>& slot(int i) { return slots_[static_cast<std::size_t>(i)]; }

    // A model's state, and back.
    void save(int m, const Parameters<T>& params, ModelState& to, const std::function<void()>& look = {}) const {
        to.params.clear();
        to.slots.clear();
        params.append_model(m, to.params, look);
        if (!slots_.empty()) to.slots.reserve(slots_.size() * slots_[0].model_size());
        for (const Parameters<T>& slot : slots_) slot.append_model(m, to.slots, look);
        const auto first = memory_.begin() + m * kMaxMemory;
        to.memory.assign(first, first + kMaxMemory);
    }
    void restore(int m, const ModelState& from, Parameters<T>& params) {
        params.take_model(m, from.params.data());
        const double* next = from.slots.data();
        for (Parameters<T>& slot : slots_) next = slot.take_model(m, next);
        std::copy(from.memory.begin(), from.memory.end(), memory_.begin() + m * kMaxMemory);
        n_steps_[static_cast<std::size_t>(m)] = from.n_steps;
    }
    void serialize(int m, Archive& archive) {
        for (Parameters<T>& slot : slots_) slot.serialize_model(m, archive);
        archive(std::span<double>(memory_.data() + m * kMaxMemory, kMaxMemory));
        archive(n_steps_[static_cast<std::size_t>(m)]);
    }

private:
    struct Sums {
        double of[kMaxSums];
    };

    bool runs(std::size_t batch, const Parameters<T>& params, std::ptrdiff_t s) const {
        return plan_.runs(batch, static_cast<int>(s / params.n_outputs));
    }
    double* memory_of(std::size_t m) { return memory_.data() + m * kMaxMemory; }
    // `at`: the model's place in the plan.
    StepInput input_of(std::size_t at, std::size_t m) const {
        return {settings_.hyper.data() + m * kMaxHyper, plan_.lr[at], plan_.step[at],
                static_cast<double>(plan_.n_rows[at]) / static_cast<double>(plan_.n_seen[m])};
    }
    void prepare(std::size_t at, std::size_t m) {
        info_.prepare(input_of(at, m), memory_of(m), coef_.data() + at * kMaxCoef);
    }

    UpdateCall<T> call_of(std::size_t batch, int m, T* const* state) const {
        UpdateCall<T> call{};
        call.state = state;
        call.clip_value = static_cast<T>(settings_.clip_value);
        call.clip_factor = clip_factor_;
        call.coef = coef(batch, m);
        return call;
    }
    UpdateCall<T> coef_call(std::size_t batch, Columns columns, Parameters<T>& params, Parameters<T>& grad,
                            std::ptrdiff_t s, T** state) {
        const auto m = static_cast<std::size_t>(s / params.n_outputs);
        for (std::size_t i = 0; i < slots_.size(); ++i) state[i] = slots_[i].coef_row(s) + columns.begin;
        UpdateCall<T> call = call_of(batch, static_cast<int>(m), state);
        call.param = params.coef_row(s) + columns.begin;
        call.grad = grad.coef_row(s) + columns.begin;
        call.n = round_up(columns.end - columns.begin, kLaneAlign);
        call.l2 = l2_[m];
        call.l1 = l1_[m];
        call.weights = true;
        return call;
    }
    UpdateCall<T> stretch_call(std::size_t batch, int m, const Stretch& stretch, Parameters<T>& params, T* grad,
                               T** state) {
        for (std::size_t i = 0; i < slots_.size(); ++i) state[i] = slots_[i].coef_row(m) + stretch.begin;
        UpdateCall<T> call = call_of(batch, m, state);
        call.param = params.coef_row(m) + stretch.begin;
        call.grad = grad;
        call.n = stretch.end - stretch.begin;
        call.weights = stretch.weights;
        if (!stretch.weights) return call;
        call.l2 = l2_[static_cast<std::size_t>(m)];
        call.l1 = l1_[static_cast<std::size_t>(m)];
        return call;
    }
    UpdateCall<T> intercept_call(std::size_t batch, Parameters<T>& params, Parameters<T>& grad, int m, T** state) {
        const std::ptrdiff_t first = m * params.intercept_stride;
        for (std::size_t i = 0; i < slots_.size(); ++i) state[i] = slots_[i].intercept.data() + first;
        UpdateCall<T> call = call_of(batch, m, state);
        call.param = params.intercept.data() + first;
        call.grad = grad.intercept.data() + first;
        call.n = params.intercept_stride;
        call.slope = static_cast<T>(settings_.intercept_slope);
        return call;
    }
    template <class F>
    void for_rows(std::size_t batch, int m, Parameters<T>& params, Parameters<T>& grad, F&& f) {
        T* state[kMaxSlots] = {};
        for (const Stretch& stretch : stretches_)
            f(stretch_call(batch, m, stretch, params, grad.coef_row(m) + stretch.begin, state));
        if (!stretches_.empty()) return;
        const std::ptrdiff_t first = std::ptrdiff_t{m} * params.n_outputs;
        for (std::ptrdiff_t s = first; s < first + params.n_outputs; ++s)
            f(coef_call(batch, {0, params.n_features}, params, grad, s, state));
        if (params.has_intercept) f(intercept_call(batch, params, grad, m, state));
    }
    Sums measure(std::size_t batch, int m, bool norm, Parameters<T>& params, Parameters<T>& grad) {
        Sums sums{};
        for_rows(batch, m, params, grad, [&](const UpdateCall<T>& call) { kernels_.measure(call, norm, sums.of); });
        return sums;
    }

    const OptimizerKernels<T>& kernels_;
    const OptimizerInfo& info_;
    const ModelSettings& settings_;
    std::vector<Stretch> stretches_;
    std::vector<Parameters<T>> slots_;
    // Where the optimiser averages, once they are asked for.
    std::optional<Parameters<T>> reported_;
    // [model][kMaxMemory]
    std::vector<double> memory_;
    std::vector<std::int64_t> n_steps_;
    std::vector<T> l2_;
    std::vector<T> l1_;
    StepPlan plan_;
    // [step][model][kMaxCoef]
    std::vector<double> coef_;
    T clip_factor_ = T(1);
    // Room for parameters, gradients and slots of some columns.
    AlignedBuffer<T> together_;
};

}  // namespace fastgd
