// Adam's step on more parameters than the second-level cache holds, beside the speed at which the same bytes can be
// read and written where next to nothing is computed.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "register.hpp"
#include "runtime/aligned_buffer.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/registry_lookup.hpp"
#include "samples.hpp"

namespace fastgd::bench {
namespace {

// Parameters, gradient, and Adam's two averages.
constexpr int kArrays = 4;

using Arrays = std::vector<AlignedBuffer<float>>;

UpdateCall<float> call_on(Arrays& arrays, int first, float** state, const double* coef, std::ptrdiff_t n) {
    UpdateCall<float> call{};
    call.param = arrays[static_cast<std::size_t>(first)].data();
    call.grad = arrays[static_cast<std::size_t>(first) + 1].data();
    call.state = state;
    call.n = n;
    call.clip_factor = 1.0F;
    call.weights = true;
    call.coef = coef;
    return call;
}

// A plain loop, and plain descent, which does a multiply-add for each two numbers.
std::vector<double> read_write_rates(Arrays& arrays, std::ptrdiff_t n, double bytes) {
    const double loop = seconds_of([&] {
        for (AlignedBuffer<float>& array : arrays) {
            float* at = array.data();
            for (std::ptrdiff_t i = 0; i < n; ++i) at[i] *= 0.5F;
            benchmark::ClobberMemory();
        }
    });
    const OptimizerKernels<float>& sgd = kernels().f32.optimizer[optimizer_index(kernels(), "sgd")];
    const double coef[kMaxCoef] = {};
    float* state[kMaxSlots] = {arrays[0].data()};
    const double descent = seconds_of([&] {
        for (int first = 0; first < kArrays; first += 2) sgd.update(call_on(arrays, first, state, coef, n));
        benchmark::ClobberMemory();
    });
    return {bytes / loop, bytes / descent};
}

void large_update(benchmark::State& state, std::ptrdiff_t n) {
    Arrays arrays;
    for (int i = 0; i < kArrays; ++i) arrays.emplace_back(static_cast<std::size_t>(n));
    float* slots[kMaxSlots] = {arrays[2].data(), arrays[3].data(), arrays[3].data()};
    const int index = optimizer_index(kernels(), "adam");
    const OptimizerInfo& info = kernels().optimizers[index];
    double hyper[kMaxHyper] = {};
    for (int i = 0; i < kMaxHyper; ++i) hyper[i] = info.hyper[i].default_value;
    double memory[kMaxMemory] = {};
    double coef[kMaxCoef] = {};
    const double bytes = 2.0 * kArrays * sizeof(float) * static_cast<double>(n);
    std::vector<double> own;
    LimitSamples limit;
    std::int64_t step = 0;
    for (auto _ : state) {
        info.prepare({hyper, 1e-3, step++}, memory, coef);
        own.push_back(seconds_of([&] {
            kernels().f32.optimizer[index].update(call_on(arrays, 0, slots, coef, n));
            benchmark::ClobberMemory();
        }));
        state.SetIterationTime(own.back());
        limit.add(read_write_rates(arrays, n, bytes));
    }
    state.counters["bytes_per_second"] = bytes / median(own);
    state.counters["read_write_limit"] = limit.best();
    state.counters["of_read_write_limit"] = bytes / median(own) / limit.best();
}

}  // namespace

void register_large_update() {
    for (const std::ptrdiff_t n : {1'000'000, 20'000'000}) {
        const std::string name = "large_update/adam/" + std::to_string(n);
        benchmark::RegisterBenchmark(name.c_str(), large_update, round_up(n, kLaneAlign))
            ->Iterations(rounds())
            ->UseManualTime()
            ->Unit(benchmark::kMillisecond);
    }
}

}  // namespace fastgd::bench
