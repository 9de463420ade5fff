// Stochastic descent, a row a step, from the second-level cache and from memory, beside the time it takes only to read
// the rows in the same order.

#include <benchmark/benchmark.h>

#include "descent.hpp"
#include "register.hpp"
#include "runtime/dispatch.hpp"
#include "samples.hpp"

namespace fastgd::bench {
namespace {

void per_sample(benchmark::State& state, Shape shape, Storage storage, int epochs) {
    const Problem problem(shape, storage, 2);
    const std::vector<std::int64_t> order = first_order(shape.n_rows);
    const LimitTable& limits = *find_limits(simd_level());
    epoch_seconds(problem, 1, 1, 1, epochs);
    LimitSamples read;
    OwnTimes own;
    for (auto _ : state) {
        own.add(state, epoch_seconds(problem, 1, 1, 1, epochs));
        read.add(read_rates(limits, problem.table.in_order(order), 1, epochs));
    }
    const double seconds = own.median();
    const double rate = problem.table.bytes() / seconds;
    state.counters["nanoseconds_per_row"] = 1e9 * seconds / static_cast<double>(shape.n_rows);
    state.counters["bytes_per_second"] = rate;
    state.counters["read_limit"] = read.best();
    state.counters["of_random_read_limit"] = rate / read.best();
}

}  // namespace

void register_per_sample() {
    struct Case {
        Shape shape;
        Storage storage;
        int epochs;
    };
    const Case cases[] = {
        {{2'000, 100}, Storage::f32, small() ? 1 : 200},
        {scaled({60'000, 784}), Storage::f32, 1},
        {scaled({60'000, 784}), Storage::f64, 1},
        {scaled({60'000, 784}), Storage::u8, 1},
    };
    for (const Case& c : cases) {
        const std::string name = "per_sample/" + name_of(c.shape) + "/" + name_of(c.storage);
        benchmark::RegisterBenchmark(name.c_str(), per_sample, c.shape, c.storage, c.epochs)
            ->Iterations(rounds())
            ->UseManualTime()
            ->Unit(benchmark::kMicrosecond);
    }
}

}  // namespace fastgd::bench
