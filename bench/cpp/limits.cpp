// What the machine can do: read memory in order and in random order, and multiply and add. Reading and writing is
// measured beside the kernels that do.

#include "limits/limits.hpp"

#include <benchmark/benchmark.h>

#include "descent.hpp"
#include "register.hpp"
#include "runtime/dispatch.hpp"
#include "samples.hpp"

namespace fastgd::bench {
namespace {

const LimitTable& table() { return *find_limits(simd_level()); }

// One counter a loop, so that it can be seen which one is the limit.
void report(benchmark::State& state, const std::vector<std::vector<double>>& samples,
            const std::vector<const char*>& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        std::vector<double> loop;
        for (const auto& round : samples) loop.push_back(round[i]);
        state.counters[names[i]] = median(loop);
    }
}

void read(benchmark::State& state, Shape shape, bool shuffled, int n_threads) {
    const Table data(shape, Storage::f32);
    const std::vector<std::int64_t> order = shuffled ? first_order(shape.n_rows) : std::vector<std::int64_t>{};
    const Visit visit = shuffled ? data.in_order(order) : data.in_order();
    std::vector<std::vector<double>> samples;
    for (auto _ : state) samples.push_back(read_rates(table(), visit, n_threads));
    std::vector<const char*> names;
    for (int i = 0; i < table().n_reads; ++i) names.push_back(table().reads[i].name);
    report(state, samples, names);
}

void fma(benchmark::State& state, bool is_double, int n_threads) {
    std::vector<std::vector<double>> samples;
    for (auto _ : state) samples.push_back(fma_rates(table(), is_double, n_threads));
    std::vector<const char*> names;
    for (int i = 0; i < table().n_fma; ++i) names.push_back(table().fma_f32[i].name);
    report(state, samples, names);
}

}  // namespace

void register_limits() {
    const Shape shape = scaled({60'000, 784});
    for (const int threads : thread_counts()) {
        const std::string suffix = "/threads:" + std::to_string(threads);
        for (const bool shuffled : {false, true}) {
            const std::string name = std::string("limit/read/") + (shuffled ? "random_rows" : "in_order") + suffix;
            benchmark::RegisterBenchmark(name.c_str(), read, shape, shuffled, threads)->Iterations(rounds());
        }
        for (const bool is_double : {false, true}) {
            const std::string name = std::string("limit/fma/") + (is_double ? "float64" : "float32") + suffix;
            benchmark::RegisterBenchmark(name.c_str(), fma, is_double, threads)->Iterations(rounds());
        }
    }
}

}  // namespace fastgd::bench
