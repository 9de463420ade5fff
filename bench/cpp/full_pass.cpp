// Loss and gradient of all rows, beside the time it takes only to read them.

#include <benchmark/benchmark.h>

#include "descent.hpp"
#include "register.hpp"
#include "runtime/dispatch.hpp"
#include "samples.hpp"

namespace fastgd::bench {
namespace {

class Pass {
public:
    Pass(Shape shape, Storage storage, int n_threads)
        : problem_(shape, storage, 2),
          n_threads_(n_threads),
          w_(static_cast<std::size_t>(problem_.objective.n_params()), 1e-4),
          grad_(w_.size()) {}

    double seconds() {
        return seconds_of([&] { problem_.objective.value_and_grad(w_, grad_, {}, n_threads_); });
    }
    const Table& table() const { return problem_.table; }

private:
    Problem problem_;
    int n_threads_;
    std::vector<double> w_;
    std::vector<double> grad_;
};

void full_pass(benchmark::State& state, Shape shape, Storage storage, int n_threads) {
    Pass pass(shape, storage, n_threads);
    const bool converts = element_size(storage) < 4;
    std::optional<Pass> as_f32;
    if (converts) as_f32.emplace(shape, Storage::f32, n_threads);
    pass.seconds();
    if (as_f32) as_f32->seconds();
    const LimitTable& limits = *find_limits(simd_level());
    LimitSamples read;
    OwnTimes own;
    std::vector<double> own_as_f32;
    for (auto _ : state) {
        own.add(state, pass.seconds());
        if (as_f32) own_as_f32.push_back(as_f32->seconds());
        read.add(read_rates(limits, pass.table().in_order(), n_threads));
    }
    const double rate = pass.table().bytes() / own.median();
    state.counters["bytes_per_second"] = rate;
    state.counters["read_limit"] = read.best();
    state.counters["of_limit"] = rate / read.best();
    if (as_f32) state.counters["of_float32"] = median(own_as_f32) / own.median();
}

}  // namespace

void register_full_pass() {
    for (const Shape full : {Shape{1'000'000, 64}, Shape{200'000, 512}, Shape{60'000, 784}}) {
        const Shape shape = scaled(full);
        for (int s = 0; s < kDenseStorages; ++s) {
            const auto storage = static_cast<Storage>(s);
            for (const int threads : thread_counts()) {
                const std::string name =
                    "full_pass/" + name_of(shape) + "/" + name_of(storage) + "/threads:" + std::to_string(threads);
                benchmark::RegisterBenchmark(name.c_str(), full_pass, shape, storage, threads)
                    ->Iterations(rounds())
                    ->UseManualTime()
                    ->Unit(benchmark::kMillisecond);
            }
        }
    }
}

}  // namespace fastgd::bench
