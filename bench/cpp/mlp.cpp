// Multi-layer perceptrons: the products of a layer in cache, and epochs of whole steps, beside the peak of
// multiply-adds.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "data.hpp"
#include "kernels/kernel_table.hpp"
#include "register.hpp"
#include "runtime/aligned_buffer.hpp"
#include "runtime/dispatch.hpp"
#include "samples.hpp"

namespace fastgd::bench {
namespace {

constexpr std::uint64_t kSeed = 0;

// A batch of rows through a layer, forward or to the gradient of its weights.
struct LayerCase {
    const char* name;
    std::ptrdiff_t n_rows;
    std::ptrdiff_t n_inputs;
    std::ptrdiff_t n_units;
};

class LayerProducts {
public:
    explicit LayerProducts(const LayerCase& the_case)
        : case_(the_case),
          x_(size(case_.n_rows, case_.n_inputs)),
          weight_(size(case_.n_inputs, case_.n_units)),
          bias_(size(1, case_.n_units)),
          out_(size(case_.n_rows, out_stride())),
          grad_(size(case_.n_inputs, case_.n_units)) {
        for (std::ptrdiff_t r = 0; r < case_.n_rows; ++r)
            row_.push_back(reinterpret_cast<const std::byte*>(x_.data() + r * case_.n_inputs));
    }

    void forward() {
        AffineCall<float> call{};
        call.rows = {row_.data(), case_.n_rows};
        call.input_step = 1;
        call.end = case_.n_inputs;
        call.last = case_.n_units;
        call.weight = weight_.data();
        call.panel_stride = kUnitPanel<float> * case_.n_inputs;
        call.bias = bias_.data();
        call.out = out_.data();
        call.out_stride = out_stride();
        kernels_of_rows().affine(call);
    }
    void gradient() {
        for (std::ptrdiff_t unit = 0; unit < case_.n_units; unit += kUnitPanel<float>) {
            const std::ptrdiff_t width = std::min(kUnitPanel<float>, case_.n_units - unit);
            kernels_of_rows().outer({{row_.data(), case_.n_rows},
                                     0,
                                     0,
                                     case_.n_inputs,
                                     out_.data() + unit,
                                     case_.n_units,
                                     width,
                                     grad_.data() + unit * case_.n_inputs,
                                     0});
        }
    }
    double flops() const { return 2.0 * static_cast<double>(case_.n_rows * case_.n_inputs * case_.n_units); }

private:
    // As units lie in a run: an odd number of cache lines.
    std::ptrdiff_t out_stride() const { return case_.n_units + 16; }
    static std::size_t size(std::ptrdiff_t a, std::ptrdiff_t b) { return static_cast<std::size_t>(a * b); }
    static const StorageKernels<float>& kernels_of_rows() {
        return kernels().f32.storage[static_cast<int>(Storage::f32)];
    }

    LayerCase case_;
    AlignedBuffer<float> x_;
    AlignedBuffer<float> weight_;
    AlignedBuffer<float> bias_;
    AlignedBuffer<float> out_;
    AlignedBuffer<float> grad_;
    std::vector<const std::byte*> row_;
};

void layer(benchmark::State& state, LayerCase the_case, void (LayerProducts::*product)()) {
    LayerProducts products(the_case);
    const LimitTable& limits = *find_limits(simd_level());
    LimitSamples fma;
    std::vector<double> own;
    (products.*product)();
    for (auto _ : state) {
        own.push_back(seconds_of([&] {
            for (int i = 0; i < 8; ++i) (products.*product)();
        }));
        state.SetIterationTime(own.back());
        fma.add(fma_rates(limits, false, 1));
    }
    state.counters["of_peak"] = 8.0 * products.flops() / median(own) / fma.best();
}

struct NetCase {
    const char* name;
    std::vector<std::int64_t> sizes;
    std::int64_t batch_size;
    const char* optimizer;
    std::int64_t n_rows;
};

// Multiply-adds of a step on a row, twice: forward, gradient, and what goes back to each layer but the first.
double row_flops(const std::vector<std::int64_t>& sizes) {
    double flops = 0.0;
    for (std::size_t l = 0; l + 1 < sizes.size(); ++l)
        flops += (l == 0 ? 4.0 : 6.0) * static_cast<double>(sizes[l] * sizes[l + 1]);
    return flops;
}

double epoch_seconds(const MlpObjective& objective, const NetCase& the_case, const std::vector<double>& start,
                     int n_threads, int n_epochs) {
    DescentOptions options;
    options.optimizer = the_case.optimizer;
    options.schedule.params = {{"lr", {1e-4}}};
    options.batch_size = the_case.batch_size;
    options.max_epochs = n_epochs;
    options.tol.reset();
    options.seed = kSeed;
    options.evaluate = false;
    options.n_threads = n_threads;
    return minimize(objective, start, options).history.seconds.back() / n_epochs;
}

void net(benchmark::State& state, NetCase the_case, int n_threads) {
    const Shape shape = scaled({the_case.n_rows, the_case.sizes.front()});
    const Table table(shape, Storage::f32);
    const auto n_outputs = static_cast<int>(the_case.sizes.back());
    const Targets targets(shape.n_rows, std::max(n_outputs, 2), Storage::f32);
    MlpOptions mlp;
    mlp.hidden_layer_sizes.assign(the_case.sizes.begin() + 1, the_case.sizes.end() - 1);
    mlp.n_outputs = n_outputs;
    mlp.loss = n_outputs == 1 ? "squared_error" : "multinomial";
    const MlpObjective objective(table.view(), targets.data(), mlp);
    const std::vector<double> start = mlp_initial({the_case.sizes, mlp.activation}, kSeed);
    const LimitTable& limits = *find_limits(simd_level());
    // A stretch long enough for the clock.
    const int n_epochs = shape.n_cols < 100 ? 20 : 1;
    const auto epoch = [&](int threads) { return epoch_seconds(objective, the_case, start, threads, n_epochs); };
    epoch(n_threads);
    LimitSamples fma;
    std::vector<double> own;
    std::vector<double> one_thread;
    for (auto _ : state) {
        own.push_back(epoch(n_threads));
        state.SetIterationTime(own.back());
        if (n_threads > 1) one_thread.push_back(epoch(1));
        fma.add(fma_rates(limits, false, n_threads));
    }
    const double seconds = median(own);
    const double steps = static_cast<double>((shape.n_rows + the_case.batch_size - 1) / the_case.batch_size);
    state.counters["step_us"] = 1e6 * seconds / steps;
    state.counters["of_peak"] = row_flops(the_case.sizes) * static_cast<double>(shape.n_rows) / seconds / fma.best();
    if (n_threads > 1) state.counters["of_one_thread"] = median(one_thread) / seconds;
}

const LayerCase kLayers[] = {{"128x784x256", 128, 784, 256}, {"784x128x256", 128, 784, 256}};

const NetCase kNets[] = {
    {"784-256-10/sgd", {784, 256, 10}, 128, "sgd", 12'800},
    {"784-256-10/adam", {784, 256, 10}, 128, "adam", 12'800},
    {"784-512-512-10/sgd", {784, 512, 512, 10}, 256, "sgd", 12'800},
    {"20-32-1/sgd", {20, 32, 1}, 64, "sgd", 6'400},
};

}  // namespace

void register_mlp() {
    const auto add = [](const std::string& name, auto... arguments) {
        benchmark::RegisterBenchmark(name.c_str(), arguments...)
            ->Iterations(rounds())
            ->UseManualTime()
            ->Unit(benchmark::kMicrosecond);
    };
    add(std::string("mlp/forward/") + kLayers[0].name, layer, kLayers[0], &LayerProducts::forward);
    add(std::string("mlp/gradient/") + kLayers[1].name, layer, kLayers[1], &LayerProducts::gradient);
    for (const NetCase& the_case : kNets)
        for (const int threads : thread_counts())
            add(std::string("mlp/") + the_case.name + "/threads:" + std::to_string(threads), net, the_case, threads);
}

}  // namespace fastgd::bench
