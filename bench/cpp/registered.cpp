// Every loss, storage, optimiser, activation and vector function of the registries by itself, in cache: what is
// registered is measured.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "data.hpp"
#include "kernels/kernel_table.hpp"
#include "register.hpp"
#include "runtime/aligned_buffer.hpp"
#include "runtime/dispatch.hpp"

namespace fastgd::bench {
namespace {

template <class T>
constexpr const char* kType = sizeof(T) == 4 ? "/float32" : "/float64";

// Scores between -0.5 and 0.5; 1 is a target that every loss allows.
template <class T>
void loss(benchmark::State& state, int index, int n_outputs) {
    constexpr int kRows = 256;
    const auto size = static_cast<std::size_t>(kRows * n_outputs);
    AlignedBuffer<T> raw(size);
    AlignedBuffer<T> dloss(size);
    AlignedBuffer<T> value(kRows);
    AlignedBuffer<T> y(kRows);
    for (std::size_t i = 0; i < size; ++i) raw[i] = static_cast<T>(i % 97) / T(97) - T(0.5);
    for (std::size_t i = 0; i < kRows; ++i) y[i] = T(1);
    LossCall<T> call{};
    call.raw = raw.data();
    call.dloss = dloss.data();
    call.stride = kRows;
    call.y = y.data();
    call.value = value.data();
    call.n_rows = kRows;
    call.n_outputs = n_outputs;
    call.scale = T(1);
    call.param = static_cast<T>(kernels().losses[index].param.default_value);
    for (auto _ : state) {
        benchmark::DoNotOptimize(kernels_for<T>(kernels()).loss[index](call));
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * kRows * n_outputs);
}

// Forward and backward on a batch that stays in cache.
template <class T>
void storage(benchmark::State& state, Storage which) {
    constexpr Shape kShape{64, 784};
    const Table table(kShape, which);
    const MatrixView view = table.view();
    std::vector<const std::byte*> row;
    for (std::int64_t i = 0; i < kShape.n_rows; ++i)
        row.push_back(static_cast<const std::byte*>(view.data) + i * view.row_stride);
    constexpr auto kStride = round_up(kShape.n_cols, kLaneAlign);
    AlignedBuffer<T> coef(kStride);
    AlignedBuffer<T> grad(kStride);
    AlignedBuffer<T> scores(kShape.n_rows);
    const Rows rows{row.data(), kShape.n_rows, row.data()};
    const Columns columns{0, kShape.n_cols};
    const ForwardCall<T> forward{rows, columns, coef.data(), kStride, 1, scores.data(), kShape.n_rows, 0, true};
    const BackwardCall<T> backward{rows, columns, scores.data(), kShape.n_rows, 1, grad.data(), kStride};
    const StorageKernels<T>& of_storage = kernels_for<T>(kernels()).storage[static_cast<int>(which)];
    for (auto _ : state) {
        of_storage.forward(forward);
        of_storage.backward(backward);
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * kShape.n_rows * kShape.n_cols);
}

template <class T>
void update(benchmark::State& state, int index) {
    constexpr std::size_t kParams = 16'384;
    const OptimizerInfo& info = kernels().optimizers[index];
    AlignedBuffer<T> param(kParams);
    AlignedBuffer<T> grad(kParams);
    std::vector<AlignedBuffer<T>> slots(static_cast<std::size_t>(info.n_slots), AlignedBuffer<T>(kParams));
    T* slot[kMaxSlots] = {};
    for (std::size_t i = 0; i < slots.size(); ++i) slot[i] = slots[i].data();
    double hyper[kMaxHyper] = {};
    for (int i = 0; i < kMaxHyper; ++i) hyper[i] = info.hyper[i].default_value;
    double memory[kMaxMemory] = {};
    double coef[kMaxCoef] = {};
    UpdateCall<T> call{};
    call.param = param.data();
    call.grad = grad.data();
    call.state = slot;
    call.n = kParams;
    call.l2 = T(1e-4);
    call.clip_factor = T(1);
    call.weights = true;
    call.coef = coef;
    const OptimizerKernels<T>& kernel = kernels_for<T>(kernels()).optimizer[index];
    std::int64_t step = 0;
    for (auto _ : state) {
        double sums[kMaxSums] = {};
        StepInput input{hyper, 1e-3, step++};
        info.prepare(input, memory, coef);
        if (info.n_sums > 0) {
            kernel.measure(call, false, sums);
            input.sums = sums;
            info.conclude(input, memory, coef);
        }
        kernel.update(call);
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kParams));
}

// Between -4 and 4, values and slopes.
template <class T>
void activation(benchmark::State& state, int index) {
    constexpr std::ptrdiff_t kUnits = 4096;
    AlignedBuffer<T> z(kUnits);
    AlignedBuffer<T> value(kUnits);
    AlignedBuffer<T> slope(kUnits);
    for (std::size_t i = 0; i < z.size(); ++i) z[i] = T(8) * static_cast<T>(i) / T(kUnits) - T(4);
    for (auto _ : state) {
        std::copy_n(z.data(), kUnits, value.data());
        kernels_for<T>(kernels()).activation[index]({value.data(), slope.data(), kUnits, 1, 0, kUnits});
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * kUnits);
}

// At 0.25 .. 1.75, where all of them are defined.
template <class T>
void math(benchmark::State& state, void (*function)(const T*, T*, std::ptrdiff_t)) {
    constexpr std::size_t kLength = 4096;
    AlignedBuffer<T> x(kLength);
    AlignedBuffer<T> y(kLength);
    for (std::size_t i = 0; i < kLength; ++i) x[i] = T(0.25) + T(1.5) * static_cast<T>(i) / T(kLength);
    for (auto _ : state) {
        function(x.data(), y.data(), kLength);
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kLength));
}

template <class T>
void register_type() {
    const KernelTable& table = kernels();
    const auto name = [](const char* group, const char* which) { return std::string(group) + which + kType<T>; };
    for (int i = 0; i < table.n_losses; ++i) {
        const int n_outputs = table.losses[i].kind == LossKind::multiclass ? 10 : 1;
        benchmark::RegisterBenchmark(name("loss/", table.losses[i].name).c_str(), loss<T>, i, n_outputs);
    }
    for (int i = 0; i < table.n_optimizers; ++i)
        benchmark::RegisterBenchmark(name("update/", table.optimizers[i].name).c_str(), update<T>, i);
    for (int i = 0; i < table.n_activations; ++i)
        benchmark::RegisterBenchmark(name("activation/", table.activations[i].name).c_str(), activation<T>, i);
    for (int i = 0; i < table.n_math; ++i) {
        const VectorMath& row = table.math[i];
        if constexpr (sizeof(T) == 4) {
            benchmark::RegisterBenchmark(name("math/", row.name).c_str(), math<float>, row.f32);
        } else {
            benchmark::RegisterBenchmark(name("math/", row.name).c_str(), math<double>, row.f64);
        }
    }
    for (int s = 0; s < kDenseStorages; ++s)
        if (kernels_for<T>(table).storage[s].forward != nullptr) {
            const auto which = static_cast<Storage>(s);
            benchmark::RegisterBenchmark((std::string("storage/") + name_of(which)).c_str(), storage<T>, which);
        }
}

}  // namespace

void register_kernels() {
    register_type<float>();
    register_type<double>();
}

}  // namespace fastgd::bench
