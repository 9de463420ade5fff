// Epochs of mini-batches: softmax regression, and many models in one pass, beside the peak of multiply-adds and the
// time it takes only to read the rows in the same order.

#include <benchmark/benchmark.h>

#include <algorithm>

#include "descent.hpp"
#include "register.hpp"
#include "runtime/dispatch.hpp"
#include "samples.hpp"

namespace fastgd::bench {
namespace {

constexpr std::int64_t kBatch = 128;

struct Case {
    const char* name;
    int n_models;
    int n_classes;
    int n_scores() const { return n_models * (n_classes == 2 ? 1 : n_classes); }
};

constexpr Case kCases[] = {
    {"softmax10", 1, 10},  {"binary_x1", 1, 2},   {"binary_x4", 4, 2},
    {"binary_x16", 16, 2}, {"binary_x60", 60, 2}, {"softmax10_x16", 16, 10},
};

void mini_batch(benchmark::State& state, Case the_case, Shape shape, int n_threads) {
    const Problem problem(shape, Storage::f32, the_case.n_classes);
    const std::vector<std::int64_t> order = first_order(shape.n_rows);
    const LimitTable& limits = *find_limits(simd_level());
    const auto epoch = [&](int n_models, int threads) { return epoch_seconds(problem, n_models, kBatch, threads); };
    epoch(the_case.n_models, n_threads);
    LimitSamples read;
    LimitSamples fma;
    OwnTimes own;
    std::vector<double> one_thread;
    std::vector<double> one_model;
    for (auto _ : state) {
        own.add(state, epoch(the_case.n_models, n_threads));
        if (n_threads > 1) one_thread.push_back(epoch(the_case.n_models, 1));
        if (the_case.n_models > 1) one_model.push_back(epoch(1, n_threads));
        read.add(read_rates(limits, problem.table.in_order(order), n_threads));
        fma.add(fma_rates(limits, false, n_threads));
    }
    const double seconds = own.median();
    // Forward and backward, a multiplication and an addition each.
    const double flops = 4.0 * static_cast<double>(shape.n_rows * shape.n_cols) * the_case.n_scores();
    state.counters["flop_per_second"] = flops / seconds;
    state.counters["fma_peak"] = fma.best();
    state.counters["of_peak"] = flops / seconds / fma.best();
    state.counters["of_random_read_limit"] = problem.table.bytes() / seconds / read.best();
    if (n_threads > 1) state.counters["of_one_thread"] = median(one_thread) / seconds;
    if (the_case.n_models > 1) state.counters["of_bound"] = std::max(median(one_model), flops / fma.best()) / seconds;
}

}  // namespace

void register_mini_batch() {
    const Shape shape = scaled({60'000, 784});
    for (const Case& the_case : kCases)
        for (const int threads : thread_counts()) {
            const std::string name = std::string("mini_batch/") + the_case.name + "/threads:" + std::to_string(threads);
            benchmark::RegisterBenchmark(name.c_str(), mini_batch, the_case, shape, threads)
                ->Iterations(rounds())
                ->UseManualTime()
                ->Unit(benchmark::kMillisecond);
        }
}

}  // namespace fastgd::bench
