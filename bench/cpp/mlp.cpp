// Multi-layer perceptrons: epochs of whole steps, beside the peak of multiply-adds.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "data.hpp"
#include "register.hpp"
#include "runtime/dispatch.hpp"
#include "samples.hpp"

namespace fastgd::bench {
namespace {

constexpr std::uint64_t kSeed = 0;

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
    OwnTimes own;
    std::vector<double> one_thread;
    for (auto _ : state) {
        own.add(state, epoch(n_threads));
        if (n_threads > 1) one_thread.push_back(epoch(1));
        fma.add(fma_rates(limits, false, n_threads));
    }
    const double seconds = own.median();
    const double steps = static_cast<double>((shape.n_rows + the_case.batch_size - 1) / the_case.batch_size);
    state.counters["step_us"] = 1e6 * seconds / steps;
    state.counters["of_peak"] = row_flops(the_case.sizes) * static_cast<double>(shape.n_rows) / seconds / fma.best();
    if (n_threads > 1) state.counters["of_one_thread"] = median(one_thread) / seconds;
}

const NetCase kNets[] = {
    {"784-256-10/sgd", {784, 256, 10}, 128, "sgd", 12'800},
    {"784-256-10/adam", {784, 256, 10}, 128, "adam", 12'800},
    {"784-512-512-10/sgd", {784, 512, 512, 10}, 256, "sgd", 12'800},
    {"20-32-1/sgd", {20, 32, 1}, 64, "sgd", 6'400},
};

}  // namespace

void register_mlp() {
    for (const NetCase& the_case : kNets)
        for (const int threads : thread_counts()) {
            const std::string name = std::string("mlp/") + the_case.name + "/threads:" + std::to_string(threads);
            benchmark::RegisterBenchmark(name.c_str(), net, the_case, threads)
                ->Iterations(rounds())
                ->UseManualTime()
                ->Unit(benchmark::kMicrosecond);
        }
}

}  // namespace fastgd::bench
