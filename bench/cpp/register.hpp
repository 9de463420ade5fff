#pragma once

// Each file adds its benchmarks to Google Benchmark's list. Shapes and thread counts are known when main runs, so
// nothing is registered before.

namespace fastgd::bench {

void register_limits();
void register_full_pass();
void register_mini_batch();
void register_mlp();
void register_per_sample();
void register_kernels();
void register_step_times();

}  // namespace fastgd::bench
