// fastgd_bench: what the core reaches of what the machine can do. Counters named of_* are shares of a limit that was
// measured in the same process, in turn with the benchmark itself, and are made from medians.
//
// kernel/* runs on every instruction set that the machine has, and takes about an hour: choose by --benchmark_filter.
// All else runs on the process's own, that of FASTGD_SIMD: one run of the program for each instruction set.
//
// FASTGD_BENCH_SMALL=1 or --benchmark_min_time below 0.05 makes everything small, to show that it runs.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "data.hpp"
#include "register.hpp"
#include "runtime/dispatch.hpp"

namespace {

bool wants_small(int argc, char** argv) {
    constexpr std::string_view kOption = "--benchmark_min_time=";
    if (const char* variable = std::getenv("FASTGD_BENCH_SMALL"); variable != nullptr && std::string(variable) != "0")
        return true;
    for (int i = 1; i < argc; ++i)
        if (std::string_view(argv[i]).starts_with(kOption) && std::atof(argv[i] + kOption.size()) < 0.05) return true;
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace fastgd::bench;
    set_small(wants_small(argc, argv));
    register_limits();
    register_full_pass();
    register_mini_batch();
    register_mlp();
    register_per_sample();
    register_kernels();
    register_step_times();
    benchmark::AddCustomContext("simd", std::string(fastgd::simd_level()));
    benchmark::AddCustomContext("sizes", small() ? "small: the numbers mean nothing" : "full");
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
